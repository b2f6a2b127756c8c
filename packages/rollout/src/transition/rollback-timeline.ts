import type { Overrun, RollbackDecision, RolloutState } from './state.ts'

/**
 * How long a rollback took, part by part, beside what the plan allows (P23): for people and for reports, whether a guard
 * decided or a person. Milliseconds. What is not over yet is absent.
 */
export interface RollbackTimeline {
  readonly rollback: RollbackDecision
  /** From detection to the decision. */
  readonly decisionMs: number
  /** From the decision until the exposure of 0 percent is in the log. */
  readonly executionMs?: number
  /** From then until no request reached the canary any more; absent where that was never seen. */
  readonly verificationMs?: number
  /** From detection to verified. */
  readonly totalMs?: number
  readonly limits: {
    readonly decisionMs: number
    readonly executionMs: number
    readonly verificationMs: number
    /** Absent for plans of earlier versions. */
    readonly totalMs?: number
  }
  /** The limits that were not kept, by what is known now. */
  readonly overruns: readonly Overrun[]
}

/** The timeline of a rollback; undefined for a rollout that does not go back. */
export function rollbackTimeline(state: RolloutState): RollbackTimeline | undefined {
  if (!('rollback' in state)) return undefined
  const { rollback, plan } = state
  const { detectedAt, decidedAt } = rollback
  const executedAt = 'executedAt' in state ? state.executedAt : undefined
  const verifiedAt = 'verifiedAt' in state ? state.verifiedAt : undefined
  const { totalLimitMs } = plan
  return {
    rollback,
    decisionMs: decidedAt - detectedAt,
    ...(executedAt === undefined ? {} : { executionMs: executedAt - decidedAt }),
    ...(executedAt === undefined || verifiedAt === undefined
      ? {}
      : { verificationMs: verifiedAt - executedAt, totalMs: verifiedAt - detectedAt }),
    limits: {
      decisionMs: plan.decisionLimitMs,
      executionMs: plan.executionLimitMs,
      verificationMs: plan.verifyLimitMs,
      ...(totalLimitMs === undefined ? {} : { totalMs: totalLimitMs }),
    },
    overruns: 'overruns' in state ? state.overruns : findOverruns(state),
  }
}

/** Of the parts that are over: what took longer than the plan allows. */
export function findOverruns(
  state: RolloutState & { phase: 'rolling_back' | 'verifying' },
): Overrun[] {
  const { plan, rollback } = state
  const { detectedAt, decidedAt } = rollback
  const overruns: Overrun[] = []
  if (decidedAt - detectedAt > plan.decisionLimitMs) overruns.push('decision')
  if ('executedAt' in state && state.executedAt - decidedAt > plan.executionLimitMs) {
    overruns.push('execution')
  }
  return overruns
}
