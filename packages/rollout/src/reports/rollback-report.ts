import type { Policy } from '../policy/policy.ts'
import {
  type DeploymentRecord,
  deploymentOutcome,
  readDeploymentRecord,
} from './deployment-record.ts'
import { type CommitSource, type ReadOptions, readWholeCommits } from './read-commits.ts'
import { type RolloutRecord, readRolloutRecord } from './rollout-record.ts'

/** A part of the rollback timeline. */
export type RollbackPart = 'decision' | 'execution' | 'verification' | 'total'

/** One rollback and its timeline (P23). Durations are milliseconds; what is not over, or was never seen, is absent. */
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
  readonly decisionMs: number
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
  /** Still going on. */
  readonly isOpen: boolean
}

/** All rollbacks of a period. */
export interface RollbackReport {
  /** By the time of their decision. */
  readonly rollbacks: readonly RollbackRow[]
  /** Those that are over and kept every limit. */
  readonly inTime: number
  /** Those with an overrun. */
  readonly late: number
  readonly open: number
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
  for await (const { changes } of readWholeCommits(log, options)) {
    for (const { key, value } of changes) {
      const row = toRow(key, value, policy)
      if (row !== undefined) found.set(`${key} ${row.id}`, row)
    }
  }
  const rollbacks = [...found.values()]
    .filter((row) => environment === undefined || row.environment === environment)
    .filter(({ decidedAt }) => decidedAt >= from && decidedAt < to)
    .sort((one, other) => one.decidedAt - other.decidedAt)
  const late = rollbacks.filter(({ overruns }) => overruns.length > 0).length
  const inTime = rollbacks.filter((row) => !row.isOpen && row.overruns.length === 0).length
  return { rollbacks, inTime, late, open: rollbacks.filter(({ isOpen }) => isOpen).length }
}

function toRow(key: string, value: unknown, policy: Policy): RollbackRow | undefined {
  if (key.startsWith('rollout/')) {
    const record = readRolloutRecord(value)
    return record && ofRollout(record, policy)
  }
  if (!key.startsWith('deployment/')) return undefined
  const record = readDeploymentRecord(value)
  return record && ofDeployment(key.slice('deployment/'.length), record, policy)
}

function ofRollout(record: RolloutRecord, policy: Policy): RollbackRow | undefined {
  const { id, environment, flag, ticket, rollback, plan, executedAt, verifiedAt, phase } = record
  if (rollback === undefined) return undefined
  const { rollback: policed } = policy
  return timed({
    ...{ kind: 'rollout', id, environment, target: flag, ticket, ...rollback },
    ...{ executedAt, verifiedAt, isOver: phase === 'rolled_back', known: record.overruns },
    limits: {
      decision: plan?.decisionLimitMs ?? policed.decisionMs,
      execution: plan?.executionLimitMs ?? policed.executionMs,
      verification: plan?.verifyLimitMs ?? policed.verificationMs,
      total: plan?.totalLimitMs ?? policed.totalMs,
    },
  })
}

/** A deployment is verified by its own last step: when it is over, that is all there is to see. */
function ofDeployment(
  id: string,
  record: DeploymentRecord,
  { rollback: limits }: Policy,
): RollbackRow | undefined {
  const { environment, version, ticket, decision, endedAt, run } = record
  if (decision === undefined) return undefined
  const isOver = deploymentOutcome(record) !== undefined
  return timed({
    ...{ kind: 'deployment', id: `${id}#${run ?? 1}`, environment, ticket, ...decision },
    ...{ target: version ?? id, executedAt: isOver ? endedAt : undefined, isOver },
    limits: {
      decision: limits.decisionMs,
      execution: limits.executionMs,
      verification: limits.verificationMs,
      total: limits.totalMs,
    },
  })
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
  readonly isOver: boolean
  /** Overruns that were found when it happened. */
  readonly known?: readonly string[] | undefined
  readonly limits: RollbackRow['limits']
}

function timed(instants: Instants): RollbackRow {
  const { kind, id, environment, target, by, because, guard, ticket, limits } = instants
  const { detectedAt, decidedAt, executedAt, verifiedAt, isOver, known = [] } = instants
  const took: Readonly<Record<RollbackPart, number | undefined>> = {
    decision: decidedAt - detectedAt,
    execution: between(decidedAt, executedAt),
    verification: between(executedAt, verifiedAt),
    // Of a deployment: until it had gone back.
    total: between(detectedAt, kind === 'deployment' ? executedAt : verifiedAt),
  }
  const parts: readonly RollbackPart[] = ['decision', 'execution', 'verification', 'total']
  return {
    ...{ kind, id, environment, target, by, because, detectedAt, decidedAt, limits },
    ...(guard === undefined ? {} : { guard }),
    ...(ticket === undefined ? {} : { ticket }),
    decisionMs: decidedAt - detectedAt,
    ...(took.execution === undefined ? {} : { executionMs: took.execution }),
    ...(took.verification === undefined ? {} : { verificationMs: took.verification }),
    ...(took.total === undefined ? {} : { totalMs: took.total }),
    overruns: parts.filter((part) => known.includes(part) || (took[part] ?? 0) > limits[part]),
    isOpen: !isOver,
  }
}

function between(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from
}
