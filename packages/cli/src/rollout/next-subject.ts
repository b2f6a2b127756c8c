import { type ApprovalSubject, isOpen, type RolloutState, stageSubject } from '@sluice/rollout'

/** What approval of a rollout's next stage is asked for; undefined where it wants none, or there is no next stage. */
export function nextSubject(state: RolloutState): ApprovalSubject | undefined {
  if (state.phase === 'awaiting_approval') {
    return state.type === undefined ? undefined : stageSubject(state, 0, state.type)
  }
  if (!isOpen(state)) return undefined
  const next = state.stage + 1
  const type = state.plan.stages[next]?.approval
  return type === undefined ? undefined : stageSubject(state, next, type)
}
