import type { RolloutState } from '@sluice/rollout'
import { formatPercent } from '../bar.ts'
import { formatAge } from '../duration.ts'
import { clean } from '../text.ts'
import { formatDuration } from '../time.ts'

/** A phase as people say it: `awaiting approval`, `rolled back`. */
export function sayPhase(phase: RolloutState['phase']): string {
  return phase.replaceAll('_', ' ')
}

/** The share that a rollout wrote last. */
export function sayShare({ exposure }: RolloutState): string {
  return formatPercent(exposure.rollout ?? 0)
}

/** What a rollout is at, or waits for, in one line; where it stands is said beside it. */
export function sayStanding(state: RolloutState, now: number): string {
  switch (state.phase) {
    case 'awaiting_approval': {
      const what = state.type === undefined ? 'its gates' : `approval (${clean(state.type)})`
      return `for ${formatDuration(now - state.awaitingSince)}: waits for ${what}; nobody is exposed`
    }
    case 'running':
      return `${sayStage(state)}, for ${formatDuration(now - state.enteredAt)}`
    case 'holding':
      return `for ${formatDuration(now - state.heldSince)}: ${clean(state.because)}`
    case 'paused':
      return `by ${clean(state.by)}, for ${formatDuration(now - state.pausedAt)}: ${clean(state.because)}`
    case 'rolling_back':
    case 'verifying':
    case 'rolled_back': {
      const { by, decidedAt, because } = state.rollback
      return `by ${clean(by)}, ${formatAge(decidedAt, now)}: ${clean(because)}`
    }
    case 'completed':
      return `by ${clean(state.by)}, ${formatAge(state.completedAt, now)}`
    case 'aborted':
      return `by ${clean(state.by)}, ${formatAge(state.abortedAt, now)}: ${clean(state.because)}`
  }
}

function sayStage({ stage, plan }: RolloutState & { readonly stage: number }): string {
  return `stage ${stage + 1} of ${plan.stages.length}`
}

/** A rollout's flag, phase, share and standing as one line. */
export function sayRollout(state: RolloutState, now: number): string {
  return `${clean(state.flag)}  ${sayPhase(state.phase)}  ${sayShare(state)}  ${sayStanding(state, now)}`
}
