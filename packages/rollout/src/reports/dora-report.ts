import { SluiceError } from '@sluice/core'
import { isAmong } from '../environment-name.ts'
import type { Policy } from '../policy/policy.ts'
import { collectChanges, type EndedChange } from './changes.ts'
import { findFailures } from './find-failures.ts'
import { type LeftOut, readCounted } from './left-out.ts'
import type { CommitSource, ReadOptions } from './read-commits.ts'

/** Whether a target was kept; `no_data` where nothing happened that could tell. */
export type TargetVerdict = 'met' | 'missed' | 'no_data'

/** A measure against its target. */
export interface Measure {
  /** Undefined where there is nothing to measure; never NaN. */
  readonly value: number | undefined
  readonly target: number
  readonly verdict: TargetVerdict
}

/** The five measures of P36 over a period. Durations are milliseconds, ratios 0–1. */
export interface DoraReport {
  readonly environments: readonly string[]
  readonly from: number
  readonly to: number
  /** The period in days. */
  readonly days: number
  /** Changes that ended in the period, of each kind. */
  readonly deployments: number
  readonly rollouts: number
  /** Releases per day; the target is the least. */
  readonly deploymentFrequency: Measure & { readonly releases: number }
  /** The median from commit to release; below the target. `unknown`: released deployments that name no commit. */
  readonly leadTime: Measure & {
    readonly p90Ms: number | undefined
    readonly measured: number
    readonly unknown: number
  }
  /** Failed changes among all; below the target. */
  readonly changeFailure: Measure & { readonly failed: number; readonly changes: number }
  /**
   * The mean from detection to recovery; below the target. `open`: failures that nothing has ended yet. `unknown`: those
   * that ended, nobody saw when, or before they were detected by a clock that is wrong.
   */
  readonly recovery: Measure & {
    readonly medianMs: number | undefined
    readonly measured: number
    readonly open: number
    readonly unknown: number
  }
  /** Changes that were rolled back among all; below the target. */
  readonly rollback: Measure & { readonly rolledBack: number; readonly changes: number }
}

/** What a report is about. */
export interface DoraOptions extends ReadOptions {
  readonly log: CommitSource
  readonly policy: Policy
  /** Epoch ms, inside the period. */
  readonly from: number
  /** Epoch ms, outside. */
  readonly to: number
  /** Default: the production environments of the policy. */
  readonly environment?: string
  /** Which changes count. Default both. */
  readonly kinds?: readonly EndedChange['kind'][]
}

const dayMs = 86_400_000

/**
 * Measures delivery (P36) from the log alone.
 *
 * @throws SluiceError `invalid_option` for a period that is none; whatever reading the log throws.
 * Source: DORA's software delivery metrics, https://dora.dev/guides/dora-metrics/
 */
export async function doraReport(
  options: DoraOptions,
): Promise<DoraReport & { readonly leftOut: LeftOut }> {
  const { log, from, to } = options
  if (!(Number.isFinite(from) && Number.isFinite(to) && from < to)) {
    const details = {
      pointer: '/from',
      expected: 'an instant before `to`',
      found: `${from}, ${to}`,
    }
    throw new SluiceError(
      'invalid_option',
      'A report needs a period that ends after it begins.',
      details,
    )
  }
  const reading = readCounted(log, options)
  const changes = await collectChanges(reading.commits, reading.leaveOut)
  return { ...measureDora(changes, options), leftOut: reading.leftOut() }
}

/** The same from changes, by the time of their end. Pure. */
export function measureDora(
  all: readonly EndedChange[],
  options: Omit<DoraOptions, 'log'>,
): DoraReport {
  const { policy, from, to, environment, kinds = ['deployment', 'rollout'] } = options
  const environments = environment === undefined ? policy.environments.production : [environment]
  const changes = all.filter(
    (each) => isAmong(environments, each.environment) && kinds.includes(each.kind),
  )
  const isInside = (instant: number | undefined): boolean =>
    instant !== undefined && instant >= from && instant < to
  const ended = changes.filter(({ endedAt }) => isInside(endedAt))
  const released = changes.filter(({ releasedAt }) => isInside(releasedAt))
  const days = (to - from) / dayMs
  const leads = released.flatMap(({ commitAt, releasedAt = 0 }) =>
    // A commit that is younger than its release was written by a clock that is wrong.
    commitAt === undefined || commitAt > releasedAt ? [] : [releasedAt - commitAt],
  )
  const deployed = released.filter(({ kind }) => kind === 'deployment').length
  const failures = findFailures(changes).filter(({ change }) => isInside(change.endedAt))
  const closed = failures.filter(({ endedAt }) => endedAt !== undefined && endedAt < to)
  const recoveries = closed.flatMap(({ detectedAt, recoveredAt }) =>
    recoveredAt === undefined || recoveredAt < detectedAt ? [] : [recoveredAt - detectedAt],
  )
  const rolledBack = ended.filter(({ outcome }) => outcome === 'rolled_back').length
  const { dora } = policy
  const total = { changes: ended.length }
  return {
    ...{ environments, from, to, days },
    deployments: ended.filter(({ kind }) => kind === 'deployment').length,
    rollouts: ended.filter(({ kind }) => kind === 'rollout').length,
    deploymentFrequency: {
      ...atLeast(
        ended.length + released.length === 0 ? undefined : released.length / days,
        dora.deploymentsPerDay,
      ),
      releases: released.length,
    },
    leadTime: {
      ...below(median(leads), dora.leadTimeMs),
      ...{
        p90Ms: percentile(leads, 0.9),
        measured: leads.length,
        unknown: deployed - leads.length,
      },
    },
    changeFailure: {
      ...below(ratio(failures.length, ended.length), dora.changeFailureRatio),
      ...{ failed: failures.length, ...total },
    },
    recovery: {
      ...below(mean(recoveries), dora.recoveryMs),
      medianMs: median(recoveries),
      measured: recoveries.length,
      open: failures.length - closed.length,
      unknown: closed.length - recoveries.length,
    },
    rollback: {
      ...below(ratio(rolledBack, ended.length), dora.rollbackRatio),
      rolledBack,
      ...total,
    },
  }
}

function below(value: number | undefined, target: number): Measure {
  return { value, target, verdict: verdictOf(value, (each) => each < target) }
}

function atLeast(value: number | undefined, target: number): Measure {
  return { value, target, verdict: verdictOf(value, (each) => each >= target) }
}

function verdictOf(value: number | undefined, isMet: (value: number) => boolean): TargetVerdict {
  if (value === undefined) return 'no_data'
  return isMet(value) ? 'met' : 'missed'
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}

function mean(values: readonly number[]): number | undefined {
  return ratio(
    values.reduce((sum, each) => sum + each, 0),
    values.length,
  )
}

/** The middle one, or the mean of the two in the middle. */
function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((one, other) => one - other)
  const half = sorted.length / 2
  return mean(sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1))
}

/** The least value that at least a share of them does not exceed (nearest rank). */
function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.ceil(share * sorted.length) - 1]
}
