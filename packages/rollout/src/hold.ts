import type { Transition } from './event.ts'
import { announce, rollBack, unchanged } from './moves.ts'
import { enter, type HoldCause, type OpenState } from './state.ts'

/** Why a rollout is to hold. */
export interface Hold {
  readonly cause: HoldCause
  readonly because: string
  readonly guard?: string
}

/** Only a graver cause replaces the one recorded: else each look would write a commit. */
const gravity: Record<HoldCause, number> = { waiting: 1, unseen: 2, failing: 3 }

/** Stops a rollout where it is; one that holds for as grave a cause stays as it is. */
export function hold(state: OpenState, hold: Hold, actor: string, now: number): Transition {
  const isHolding = state.phase === 'holding'
  if (isHolding && gravity[state.cause] >= gravity[hold.cause]) {
    return stayHolding(state, actor, now)
  }
  const { stage, enteredAt } = state
  const { cause, because, guard } = hold
  return {
    state: enter(state, {
      phase: 'holding',
      stage,
      enteredAt,
      cause,
      because,
      ...(guard === undefined ? {} : { guard }),
      heldSince: isHolding ? state.heldSince : now,
      causeSince: now,
      ...(isHolding && state.isOverdue ? { isOverdue: true } : {}),
    }),
    effects: [
      { type: 'record', action: 'hold', actor, reason: because },
      announce('held', 'warning', `${state.flag} holds: ${because}`),
    ],
  }
}

/** Nothing new: only the hold limit may have been reached meanwhile. */
export function stayHolding(state: OpenState, actor: string, now: number): Transition {
  if (state.phase !== 'holding') return unchanged(state)
  const { holdLimitMs = Number.POSITIVE_INFINITY, onHoldLimit } = state.plan
  if (!(now - state.heldSince >= holdLimitMs)) return unchanged(state)

  const reason = `held for longer than ${holdLimitMs} ms (${state.because})`
  if (onHoldLimit === 'roll_back') {
    return rollBack(state, { actor, reason }, { detectedAt: now, now })
  }
  if (state.isOverdue) return unchanged(state)
  return {
    state: { ...state, isOverdue: true },
    effects: [
      { type: 'record', action: 'hold_overdue', actor, reason },
      announce('hold_overdue', 'warning', `${state.flag} ${reason}`),
    ],
  }
}
