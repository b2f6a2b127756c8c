import type { Policy } from '../policy/policy.ts'
import type { ProcedureState } from '../procedure/state.ts'

/** How long a rollback took, part by part, beside what the policy allows (P23). Milliseconds; what is not over is absent. */
export interface DeploymentTimeline {
  readonly by: string
  readonly because: string
  readonly detectedAt: number
  readonly decidedAt: number
  /** From detection to the decision. */
  readonly decisionMs: number
  /** From the decision until the last step was undone. */
  readonly executionMs?: number
  /** From then until all was seen to be well; absent where nobody looked. */
  readonly verificationMs?: number
  /** From detection to its end. */
  readonly totalMs?: number
  readonly limits: Pick<
    Policy['rollback'],
    'decisionMs' | 'executionMs' | 'verificationMs' | 'totalMs'
  >
  readonly overruns: readonly ('decision' | 'execution' | 'verification' | 'total')[]
}

/** These go back after the system did: the look whether all is well, and the news of it. */
const afterwards: readonly string[] = ['rollback_plan', 'announce_start']

/**
 * The timeline of a deployment's rollback; undefined for one that does not go back.
 *
 * @param now Epoch ms: what is under way counts up to here.
 */
export function deploymentTimeline(
  state: ProcedureState,
  { rollback }: Policy,
  now: number,
): DeploymentTimeline | undefined {
  if (!('decision' in state)) return undefined
  const { by, because, detectedAt, decidedAt } = state.decision
  const undone = state.steps.filter(({ name }) => !afterwards.includes(name))
  const isExecuted =
    state.phase === 'undone' ||
    (state.phase === 'undoing' &&
      undone.some(({ phase }) => phase === 'undone') &&
      undone.every(({ phase }) => phase !== 'undoing' && phase !== 'done' && phase !== 'failed'))
  const ends = undone.flatMap((step) => (step.phase === 'undone' ? [step.undoneAt] : []))
  const executedAt = isExecuted ? Math.max(decidedAt, ...ends) : undefined
  const seen = state.steps.find(({ name }) => name === 'rollback_plan')
  const verifiedAt = seen?.phase === 'undone' ? seen.undoneAt : undefined
  const endedAt = 'endedAt' in state && state.phase === 'undone' ? state.endedAt : undefined
  const totalEnd = verifiedAt ?? endedAt

  const parts = {
    decision: [decidedAt - detectedAt, rollback.decisionMs],
    execution: [(executedAt ?? now) - decidedAt, rollback.executionMs],
    verification: [
      executedAt === undefined ? 0 : (totalEnd ?? now) - executedAt,
      rollback.verificationMs,
    ],
    total: [(totalEnd ?? now) - detectedAt, rollback.totalMs],
  } as const
  const names = ['decision', 'execution', 'verification', 'total'] as const
  return {
    ...{ by, because, detectedAt, decidedAt, decisionMs: parts.decision[0] },
    ...(executedAt === undefined ? {} : { executionMs: parts.execution[0] }),
    ...(executedAt === undefined || verifiedAt === undefined
      ? {}
      : { verificationMs: verifiedAt - executedAt }),
    ...(totalEnd === undefined ? {} : { totalMs: parts.total[0] }),
    limits: {
      decisionMs: rollback.decisionMs,
      executionMs: rollback.executionMs,
      verificationMs: rollback.verificationMs,
      totalMs: rollback.totalMs,
    },
    overruns: names.filter((name) => parts[name][0] > parts[name][1]),
  }
}
