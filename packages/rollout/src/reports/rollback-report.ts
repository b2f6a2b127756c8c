import { deploymentTimeline } from '../deployment/rollback-timeline.ts'
import type { Policy } from '../policy/policy.ts'
import { parseProcedureState } from '../procedure/state-schema.ts'
import {
  type DeploymentRecord,
  deploymentOutcome,
  hasDeployed,
  readDeploymentRecord,
} from './deployment-record.ts'
import { type LeftOut, readCounted } from './left-out.ts'
import type { CommitSource, ReadOptions } from './read-commits.ts'
import { type RolloutRecord, readRolloutRecord } from './rollout-record.ts'

/** A part of the rollback timeline. */
export type RollbackPart = 'decision' | 'execution' | 'verification' | 'total'

/**
 * One rollback and its timeline (P23). Durations are milliseconds; what is not over, or was never seen, is absent, and so
 * is a time that a clock that jumped makes negative.
 */
export interface RollbackRow {
  readonly kind: 'rollout' | 'deployment'
  /** Of the rollout; of the deployment, with its run. */
  readonly id: string
  readonly environment: string
  /** The flag, or the version. */
  readonly target: string
  readonly by: string
  readonly because: string
  /** The guard that asked for it. */
  readonly guard?: string
  readonly ticket?: string
  readonly detectedAt: number
  readonly decidedAt: number
  /** From detection to the decision. */
  readonly decisionMs?: number
  /** From the decision until it was carried out. */
  readonly executionMs?: number
  /** From then until it was seen to hold. */
  readonly verificationMs?: number
  /** From detection until it was seen to hold. */
  readonly totalMs?: number
  /** What was agreed: the rollout's own plan, else the policy. */
  readonly limits: Readonly<Record<RollbackPart, number>>
  /** The limits that were not kept. */
  readonly overruns: readonly RollbackPart[]
  /** Not back yet: it is still going on, or a step could not be undone and nobody has mended it. */
  readonly isOpen: boolean
}

/** All rollbacks of a period. */
export interface RollbackReport {
  /** By the time of their decision. */
  readonly rollbacks: readonly RollbackRow[]
  /** Those that are over, in a time that is known, and kept every limit. */
  readonly inTime: number
  /** Those with an overrun. */
  readonly late: number
  readonly open: number
  readonly leftOut: LeftOut
}

/** What a report is about. */
export interface RollbackOptions extends ReadOptions {
  readonly log: CommitSource
  readonly policy: Policy
  /** Decisions from then on, epoch ms. Default: all. */
  readonly from?: number
  /** Decisions before, epoch ms. Default: all. */
  readonly to?: number
  /** Default: every environment. */
  readonly environment?: string
}

/**
 * Lists every rollback of the log with its timeline beside the limits (P23), whether a guard decided or a person.
 *
 * @throws SluiceError Whatever reading the log throws.
 */
export async function rollbackReport(options: RollbackOptions): Promise<RollbackReport> {
  const { log, policy, environment } = options
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options
  const found = new Map<string, RollbackRow>()
  const reading = readCounted(log, options)
  for await (const { changes } of reading.commits) {
    for (const { key, value } of changes) {
      if (value === null) continue
      const row = toRow(key, value, policy, reading.leaveOut)
      if (row !== undefined) found.set(`${key} ${row.id}`, row)
    }
  }
  const rollbacks = [...found.values()]
    .filter((row) => environment === undefined || row.environment === environment)
    .filter(({ decidedAt }) => decidedAt >= from && decidedAt < to)
    .sort((one, other) => one.decidedAt - other.decidedAt)
  const late = rollbacks.filter(({ overruns }) => overruns.length > 0).length
  const inTime = rollbacks.filter(
    ({ isOpen, totalMs, overruns }) => !isOpen && totalMs !== undefined && overruns.length === 0,
  ).length
  const open = rollbacks.filter(({ isOpen }) => isOpen).length
  return { rollbacks, inTime, late, open, leftOut: reading.leftOut() }
}

function toRow(
  key: string,
  value: unknown,
  policy: Policy,
  leaveOut: (key: string) => void,
): RollbackRow | undefined {
  if (key.startsWith('rollout/')) {
    const record = readRolloutRecord(value)
    if (record !== undefined) return ofRollout(record, policy)
    leaveOut(key)
  } else if (key.startsWith('deployment/')) {
    const record = readDeploymentRecord(value)
    if (record !== undefined) {
      return ofDeployment(key.slice('deployment/'.length), record, value, policy)
    }
    leaveOut(key)
  }
  return undefined
}

function ofRollout(record: RolloutRecord, policy: Policy): RollbackRow | undefined {
  const { id, environment, flag, ticket, rollback, plan, executedAt, verifiedAt, phase } = record
  if (rollback === undefined) return undefined
  const { rollback: policed } = policy
  return timed({
    ...{ kind: 'rollout', id, environment, target: flag, ticket, ...rollback },
    ...{ executedAt, verifiedAt, endedAt: verifiedAt },
    ...{ isOver: phase === 'rolled_back', known: record.overruns },
    limits: {
      decision: plan?.decisionLimitMs ?? policed.decisionMs,
      execution: plan?.executionLimitMs ?? policed.executionMs,
      verification: plan?.verifyLimitMs ?? policed.verificationMs,
      total: plan?.totalLimitMs ?? policed.totalMs,
    },
  })
}

/**
 * What had come to its environment and goes back, or went. One that failed with nothing to undo stays as it is: that is a
 * failure, and no rollback.
 */
function ofDeployment(
  id: string,
  record: DeploymentRecord,
  value: unknown,
  policy: Policy,
): RollbackRow | undefined {
  const { environment, version, ticket, decision, run, left } = record
  if (decision === undefined || !hasDeployed(record)) return undefined
  const outcome = deploymentOutcome(record)
  if (outcome === 'failed' && !(left && left.length > 0)) return undefined
  const { rollback: limits } = policy
  const isOver = outcome !== undefined && outcome !== 'failed'
  return timed({
    ...{ kind: 'deployment', id: `${id}#${run ?? 1}`, environment, ticket, ...decision },
    ...{ target: version ?? id, isOver, ...endsOf(record, value, policy) },
    limits: {
      decision: limits.decisionMs,
      execution: limits.executionMs,
      verification: limits.verificationMs,
      total: limits.totalMs,
    },
  })
}

/** As the deployment itself tells it, where all of its record is known; else its end is all there is to see. */
function endsOf(
  record: DeploymentRecord,
  value: unknown,
  policy: Policy,
): Pick<Instants, 'executedAt' | 'verifiedAt' | 'endedAt'> {
  const { decision } = record
  if (decision === undefined) return {}
  const { detectedAt, decidedAt } = decision
  const timeline = readTimeline(value, policy, decidedAt)
  if (timeline === undefined) {
    const isBack = deploymentOutcome(record) === 'rolled_back'
    return isBack ? { executedAt: record.endedAt, endedAt: record.endedAt } : {}
  }
  const { executionMs, verificationMs, totalMs } = timeline
  const executedAt = executionMs === undefined ? undefined : decidedAt + executionMs
  return {
    executedAt,
    verifiedAt:
      executedAt === undefined || verificationMs === undefined
        ? undefined
        : executedAt + verificationMs,
    endedAt: totalMs === undefined ? undefined : detectedAt + totalMs,
  }
}

function readTimeline(value: unknown, policy: Policy, now: number) {
  try {
    return deploymentTimeline(parseProcedureState(value), policy, now)
  } catch {
    // A record of another version of this package, or none of a procedure.
    return undefined
  }
}

interface Instants {
  readonly kind: RollbackRow['kind']
  readonly id: string
  readonly environment: string
  readonly target: string
  readonly by: string
  readonly because: string
  readonly guard?: string | undefined
  readonly ticket?: string | undefined
  readonly detectedAt: number
  readonly decidedAt: number
  readonly executedAt?: number | undefined
  readonly verifiedAt?: number | undefined
  /** When the total ends: of a rollout when it was verified, of a deployment when it had gone back. */
  readonly endedAt?: number | undefined
  readonly isOver: boolean
  /** Overruns that were found when it happened. */
  readonly known?: readonly string[] | undefined
  readonly limits: RollbackRow['limits']
}

function timed(instants: Instants): RollbackRow {
  const { kind, id, environment, target, by, because, guard, ticket, limits } = instants
  const { detectedAt, decidedAt, executedAt, verifiedAt, endedAt, isOver, known = [] } = instants
  const took: Readonly<Record<RollbackPart, number | undefined>> = {
    decision: between(detectedAt, decidedAt),
    execution: between(decidedAt, executedAt),
    verification: between(executedAt, verifiedAt),
    total: between(detectedAt, endedAt),
  }
  const parts: readonly RollbackPart[] = ['decision', 'execution', 'verification', 'total']
  return {
    ...{ kind, id, environment, target, by, because, detectedAt, decidedAt, limits },
    ...(guard === undefined ? {} : { guard }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(took.decision === undefined ? {} : { decisionMs: took.decision }),
    ...(took.execution === undefined ? {} : { executionMs: took.execution }),
    ...(took.verification === undefined ? {} : { verificationMs: took.verification }),
    ...(took.total === undefined ? {} : { totalMs: took.total }),
    overruns: parts.filter((part) => known.includes(part) || (took[part] ?? 0) > limits[part]),
    isOpen: !isOver,
  }
}

/** Undefined too where a clock jumped back in between: a negative time is not taken for a fast one. */
function between(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined || to < from ? undefined : to - from
}
