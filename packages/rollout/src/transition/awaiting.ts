import { answerFor, type EntryAnswer, findEntryTerms } from './entry.ts'
import type { Effect, Order, TickEvent, Transition } from './event.ts'
import { exposeTo } from './exposure.ts'
import { announce, refuse, toEffects, unchanged } from './moves.ts'
import type { Command } from './orders.ts'
import {
  type AwaitingApproval,
  enter,
  type RolloutState,
  type RolloutTerms,
  stagePercent,
} from './state.ts'

/** A rollout that was asked for and exposes nobody yet. */
export type AwaitingState = RolloutTerms & AwaitingApproval

/** What a look means for a rollout that waits to begin. It has nothing to observe: only its gates and its approval count. */
export function waitToBegin(state: AwaitingState, event: TickEvent, now: number): Transition {
  const answer = answerNow(state, event.entry)
  if (answer === undefined) return unchanged(state)
  if (answer.isOpen) {
    return enterFirstStage(state, { actor: event.actor, reason: answer.because }, answer, now)
  }
  const { ended, because } = answer
  if (ended === undefined || ended === state.endedBefore) return unchanged(state)
  return giveUp(state, { actor: event.actor, reason: because }, now)
}

/** What people may say to a rollout that waits to begin: to begin, where everything is there, or to end. */
export function obeyAwaiting(state: AwaitingState, command: Command, now: number): Transition {
  const { actor, reason, ticket } = command
  const order = { actor, reason, ...(ticket === undefined ? {} : { ticket }) }
  switch (command.type) {
    case 'pause':
    case 'resume':
      return refuse(state, 'awaiting_approval', `${state.flag} exposes nobody yet: it waits`)
    case 'promote': {
      const answer = answerNow(state, command.entry)
      if (answer?.isOpen) return enterFirstStage(state, order, answer, now)
      return refuseEntry(state, answer)
    }
    case 'declare':
      return giveUp(
        state,
        { ...order, reason: `${command.condition} was declared: ${reason}` },
        now,
      )
    case 'roll_back':
    case 'abort':
      return giveUp(state, order, now)
  }
}

/** The refusal of a promotion that a gate or a missing approval keeps from the next stage. */
export function refuseEntry(state: RolloutState, answer: EntryAnswer | undefined): Transition {
  if (answer === undefined || answer.isOpen) {
    return refuse(state, 'gate_closed', `nobody has asked the gates of ${state.flag} yet`)
  }
  return refuse(state, answer.code, `${state.flag} does not go up: ${answer.because}`)
}

function answerNow(state: AwaitingState, entry: EntryAnswer | undefined): EntryAnswer | undefined {
  const terms = findEntryTerms(state)
  // A plan whose gates are gone cannot be: but what asks for nothing is not begun by nobody's word.
  return terms === undefined ? undefined : answerFor(terms, entry)
}

/** Now the canary is exposed for the first time, from what stands there now. */
function enterFirstStage(
  state: AwaitingState,
  order: Order,
  { uses }: EntryAnswer & { isOpen: true },
  now: number,
): Transition {
  const percent = stagePercent(state.plan, 0)
  const exposure = exposeTo(state.before, percent)
  const effects: Effect[] = [
    { type: 'record', action: 'begin_rollout', ...order },
    { type: 'set_exposure', exposure },
    ...toEffects(uses),
    announce(
      'rollout_started',
      'info',
      `${state.flag} begins at ${percent} percent: ${order.reason}`,
    ),
  ]
  const running = { phase: 'running', stage: 0, enteredAt: now } as const
  return { state: enter(state, running, { exposure }), effects }
}

/** Nothing was exposed, so there is nothing to take back. */
function giveUp(state: AwaitingState, order: Order, now: number): Transition {
  const { actor: by, reason: because } = order
  return {
    state: enter(state, { phase: 'aborted', by, because, abortedAt: now }),
    effects: [
      { type: 'record', action: 'abort', ...order },
      announce('aborted', 'warning', `${state.flag} does not begin: ${because}`),
    ],
  }
}
