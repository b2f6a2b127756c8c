import type { Transition } from './event.ts'
import { announce, rollBack, unchanged } from './moves.ts'
import { toReason } from './reason.ts'
import { enter, type HoldCause, type OpenState } from './state.ts'

/** Why a rollout is to hold. */
export interface Hold {
  readonly cause: HoldCause
  readonly because: string
  readonly guard?: string
  /** At a gate: what is wanted. */
  readonly wants?: readonly string[]
}

/** Only a graver cause replaces the one recorded: else each look would write a commit. */
const gravity: Record<HoldCause, number> = { waiting: 1, gate: 2, unseen: 3, failing: 4 }

/** Stops a rollout where it is; one that holds for as grave a cause stays as it is. */
export function hold(state: OpenState, hold: Hold, actor: string, now: number): Transition {
  const isHolding = state.phase === 'holding'
  if (isHolding && gravity[state.cause] >= gravity[hold.cause] && !isNewGate(state, hold, now)) {
    return stayHolding(state, actor, now)
  }
  const { stage, enteredAt } = state
  const { cause, guard, wants } = hold
  const because = toReason(hold.because)
  return {
    state: enter(state, {
      phase: 'holding',
      stage,
      enteredAt,
      cause,
      because,
      ...(guard === undefined ? {} : { guard }),
      ...(wants === undefined ? {} : { wants }),
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

/** What is wanted at a gate is told anew where it is something else; not oftener than holds may change. */
function isNewGate(
  state: OpenState & { phase: 'holding' },
  { cause, wants = [] }: Hold,
  now: number,
): boolean {
  if (state.cause !== 'gate' || cause !== 'gate') return false
  const { wants: told = [], causeSince, plan } = state
  const isSame = told.length === wants.length && told.every((name) => wants.includes(name))
  return !isSame && now - causeSince >= plan.minHoldMs
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
