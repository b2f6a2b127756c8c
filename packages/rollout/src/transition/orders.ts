import { obeyAwaiting, refuseEntry } from './awaiting.ts'
import { decide } from './decide.ts'
import { answerFor, findEntryTerms } from './entry.ts'
import type { Effect, Order, RolloutEvent, Transition } from './event.ts'
import { advance, announce, refuse, rollBack } from './moves.ts'
import { enter, isOpen, type OpenState, type RolloutState } from './state.ts'

/** The events that are a person's command. */
export type Command = RolloutEvent & {
  type: 'pause' | 'resume' | 'promote' | 'roll_back' | 'declare' | 'abort'
}

/** Does what a person says where it means something, and refuses with a reason where it does not. */
export function obey(state: RolloutState, command: Command, now: number): Transition {
  if (state.phase === 'awaiting_approval') return obeyAwaiting(state, command, now)
  if (!isOpen(state)) return refuseTooLate(state, command)
  const order = orderOf(command)
  switch (command.type) {
    case 'pause':
      return pause(state, order, now)
    case 'resume':
      return resume(state, order, now)
    case 'promote':
      return promote(state, command, now)
    case 'roll_back':
      return rollBack(state, order, { detectedAt: command.saidAt ?? now, now })
    case 'declare': {
      const reason = `${command.condition} was declared: ${order.reason}`
      const declared = { guard: 'declaration', detectedAt: command.saidAt ?? now, now }
      return rollBack(state, { ...order, reason }, declared)
    }
    case 'abort':
      return abort(state, order, now)
  }
}

function pause(state: OpenState, order: Order, now: number): Transition {
  if (state.phase === 'paused') {
    return refuse(state, 'already_paused', `${state.flag} was already paused by ${state.by}`)
  }
  const { stage, enteredAt } = state
  return {
    state: enter(state, {
      phase: 'paused',
      stage,
      enteredAt,
      pausedAt: now,
      by: order.actor,
      because: order.reason,
    }),
    effects: [
      { type: 'record', action: 'pause', ...order },
      announce('paused', 'info', `${order.actor} paused ${state.flag}: ${order.reason}`),
    ],
  }
}

/** Where someone else had moved the exposure, the stage's share is put back and watched anew. */
function resume(state: OpenState, order: Order, now: number): Transition {
  if (state.phase !== 'paused') return refuse(state, 'not_paused', `${state.flag} is not paused`)
  const { stage, found, exposure } = state
  const restore: Effect[] = found === undefined ? [] : [{ type: 'set_exposure', exposure }]
  const enteredAt = found === undefined ? state.enteredAt : now
  return {
    state: enter(state, { phase: 'running', stage, enteredAt }),
    effects: [
      { type: 'record', action: 'resume', ...order },
      ...restore,
      announce('resumed', 'info', `${order.actor} resumed ${state.flag}: ${order.reason}`),
    ],
  }
}

function promote(
  state: OpenState,
  command: Command & { type: 'promote' },
  now: number,
): Transition {
  const decision = decide(command.verdicts)
  if (decision.decision === 'rollback') {
    const because = `a guard demands that ${state.flag} goes back: ${decision.because}`
    return refuse(state, 'guard_demands_rollback', because)
  }
  const terms = findEntryTerms(state)
  if (terms === undefined) return advance(state, 'promote', orderOf(command), now)
  const answer = answerFor(terms, command.entry)
  if (!answer?.isOpen) return refuseEntry(state, answer)
  return advance(state, 'promote', orderOf(command), now, answer.uses)
}

function abort(state: OpenState, order: Order, now: number): Transition {
  return {
    state: enter(state, {
      phase: 'aborted',
      by: order.actor,
      because: order.reason,
      abortedAt: now,
    }),
    effects: [
      { type: 'record', action: 'abort', ...order },
      announce('aborted', 'info', `${order.actor} aborted ${state.flag}: ${order.reason}`),
    ],
  }
}

function refuseTooLate(state: RolloutState, { type }: Command): Transition {
  const { flag, phase } = state
  if (phase === 'rolling_back' || phase === 'verifying') {
    return refuse(state, 'rolling_back', `${flag} is going back already; ${type} comes too late`)
  }
  return refuse(
    state,
    'rollout_over',
    `the rollout of ${flag} is over (${phase}); ${type} comes too late`,
  )
}

function orderOf({ actor, reason, ticket }: Order): Order {
  return { actor, reason, ...(ticket === undefined ? {} : { ticket }) }
}
