import { type AwaitingState, waitToBegin } from './awaiting.ts'
import type { RolloutEvent, Transition } from './event.ts'
import { isSameExposure } from './exposure.ts'
import { unchanged } from './moves.ts'
import { obey } from './orders.ts'
import { enter, isOpen, type RolloutState } from './state.ts'
import { look, verify } from './tick.ts'

/**
 * What becomes of a rollout when something happens: pure, and total over every state and event.
 *
 * An event that means nothing in the phase returns the same state object and no effects; a person's
 * command that means nothing there returns the same state object and one effect `refused`. A new
 * state always comes with one effect `record`, and with `set_exposure` exactly where the share
 * changes.
 *
 * @param now Epoch milliseconds. A clock that jumps never advances a rollout: one event moves it by
 * one stage at most, and only after the stage's time was both observed and elapsed.
 */
export function transition(state: RolloutState, event: RolloutEvent, now: number): Transition {
  switch (event.type) {
    case 'tick':
      if (state.phase === 'awaiting_approval') return waitToBegin(state, event, now)
      if (isOpen(state)) return look(state, event, now)
      if (state.phase === 'rolling_back') return confirmWithdrawal(state, event.actor, now)
      return state.phase === 'verifying' ? verify(state, event, now) : unchanged(state)
    case 'exposure_changed':
      return yieldTo(state, event, now)
    case 'guards_started':
      return countGuardRun(state, event.actor)
    default:
      return obey(state, event, now)
  }
}

/** Seeing `rolling_back` in the log means that the share of 0 is durable there too. */
function confirmWithdrawal(
  state: RolloutState & { phase: 'rolling_back' },
  actor: string,
  now: number,
): Transition {
  const { rollback } = state
  const executedAt = Math.max(now, rollback.decidedAt)
  const reason = 'the canary is at 0 percent; waiting until no request reaches it'
  return {
    state: enter(state, { phase: 'verifying', rollback, executedAt }),
    effects: [{ type: 'record', action: 'verify_rollback', actor, reason }],
  }
}

/** Someone else moved the exposure: stop, say who, and do not fight. */
function yieldTo(
  state: RolloutState,
  event: RolloutEvent & { type: 'exposure_changed' },
  now: number,
): Transition {
  if (state.phase === 'awaiting_approval') return noteExposure(state, event)
  if (!isOpen(state)) return unchanged(state)
  const { stage, enteredAt } = state
  const known = state.phase === 'paused' ? (state.found ?? state.exposure) : state.exposure
  if (isSameExposure(known, event.exposure)) return unchanged(state)

  const isRestored = isSameExposure(state.exposure, event.exposure)
  const because = isRestored
    ? `${event.by} put the exposure back`
    : `${event.by} moved the exposure; resume puts the stage's share back`
  return {
    state: enter(state, {
      phase: 'paused',
      stage,
      enteredAt,
      pausedAt: state.phase === 'paused' ? state.pausedAt : now,
      by: event.by,
      because,
      ...(isRestored ? {} : { found: event.exposure }),
    }),
    effects: [
      { type: 'record', action: 'pause', actor: event.actor, reason: because },
      { type: 'announce', name: 'exposure_moved', level: 'warning', message: because },
    ],
  }
}

/** Before it begins, a rollout has moved nothing and fights nobody: it begins from what will stand there. */
function noteExposure(
  state: AwaitingState,
  { actor, by, exposure }: RolloutEvent & { type: 'exposure_changed' },
): Transition {
  if (isSameExposure(state.exposure, exposure)) return unchanged(state)
  const reason = `${by} moved the exposure before the rollout began`
  return {
    state: { ...state, before: exposure, exposure },
    effects: [{ type: 'record', action: 'note_exposure', actor, reason }],
  }
}

function countGuardRun(state: RolloutState, actor: string): Transition {
  if (!isOpen(state)) return unchanged(state)
  const run = state.guardRuns + 1
  const reason = `guard process ${run} of this rollout begins`
  return {
    state: { ...state, guardRuns: run },
    effects: [{ type: 'record', action: 'watch', actor, reason }],
  }
}
