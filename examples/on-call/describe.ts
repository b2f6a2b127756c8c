import type { RolloutState } from '@sluice/rollout'
import type { Commit } from '@sluice/stores'

/** Where a rollout stands, and what it is waiting for, in one line. */
export function describeRollout(state: RolloutState, now: number): string {
  const { flag, phase } = state
  const percent = state.exposure.rollout ?? 0
  const where = `${flag}  ${phase.replaceAll('_', ' ')}  ${percent} %`
  switch (state.phase) {
    case 'running':
      return `${where}  stage ${state.stage + 1} of ${state.plan.stages.length}, for ${ago(state.enteredAt, now)}`
    case 'holding':
      return `${where}  for ${ago(state.heldSince, now)}: ${state.because}`
    case 'paused':
      return `${where}  by ${state.by}, for ${ago(state.pausedAt, now)}: ${state.because}`
    case 'rolling_back':
    case 'verifying':
    case 'rolled_back':
      return `${where}  by ${state.rollback.by}, ${ago(state.rollback.decidedAt, now)} ago: ${state.rollback.because}`
    case 'aborted':
      return `${where}  by ${state.by}, ${ago(state.abortedAt, now)} ago: ${state.because}`
    default:
      return where
  }
}

/** One line of the log. */
export function describeCommit({
  revision,
  at,
  actor,
  action,
  environment,
  reason,
}: Commit): string {
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return `${revision}  ${time}  ${actor}  ${action}${environment ? ` in ${environment}` : ''}: ${reason}`
}

function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
