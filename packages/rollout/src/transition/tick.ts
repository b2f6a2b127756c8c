import { decide } from './decide.ts'
import { answerFor, findEntryTerms } from './entry.ts'
import type { TickEvent, Transition } from './event.ts'
import { hold, stayHolding } from './hold.ts'
import { advance, announce, rollBack, unchanged } from './moves.ts'
import { findOverruns } from './rollback-timeline.ts'
import { enter, type OpenState, type Overrun, type RolloutTerms, type Verifying } from './state.ts'

/** What one look at the canary means for a rollout that may still go on. */
export function look(state: OpenState, event: TickEvent, now: number): Transition {
  const decision = decide(event.verdicts)
  if (decision.decision === 'rollback') {
    return rollBack(
      state,
      { actor: event.actor, reason: decision.because },
      { guard: decision.guard, detectedAt: event.detectedAt ?? now, now },
    )
  }
  if (state.phase === 'paused') return unchanged(state)
  if (event.blind !== undefined) {
    return hold(state, { cause: 'unseen', because: event.blind }, event.actor, now)
  }
  if (decision.decision === 'hold' && decision.cause === 'failing') {
    return hold(state, decision, event.actor, now)
  }
  if (isHeldByTrouble(state)) return recover(state, event, now)
  if (!isTimeUp(state, event, now)) return stayHolding(state, event.actor, now)
  if (decision.decision === 'hold') return hold(state, decision, event.actor, now)
  return goUp(state, event, decision.because, now)
}

/** The stage is over and the guards pass: what remains are the gates of the next one. */
function goUp(state: OpenState, event: TickEvent, because: string, now: number): Transition {
  const { actor } = event
  const order = { actor, reason: because }
  const terms = findEntryTerms(state)
  if (terms === undefined) return advance(state, 'advance', order, now)
  const answer = answerFor(terms, event.entry)
  if (answer === undefined) return stayHolding(state, actor, now)
  if (answer.isOpen) return advance(state, 'advance', order, now, answer.uses)
  const { because: closed, wants } = answer
  return hold(state, { cause: 'gate', because: closed, wants }, actor, now)
}

/** Whether the last requests to the canary are over, or the time to wait for that is. */
export function verify(state: RolloutTerms & Verifying, event: TickEvent, now: number): Transition {
  const { plan, flag } = state
  const elapsedMs = now - state.executedAt
  // An execution in the future was written by a clock that was ahead: only what the looking process saw pass counts.
  const waitedMs = elapsedMs < 0 ? (event.phaseMs ?? 0) : elapsedMs
  const quietMs = Math.min(event.quietMs ?? 0, elapsedMs < 0 ? Number.POSITIVE_INFINITY : elapsedMs)
  const isVerified = quietMs >= plan.verifyQuietMs
  if (!isVerified && !(waitedMs >= plan.verifyLimitMs)) return unchanged(state)

  const { rollback, executedAt } = state
  const overruns = findAllOverruns(state, isVerified, now)
  const outcome = isVerified
    ? 'no request reaches the canary any more'
    : `requests to the canary were not seen to end within ${plan.verifyLimitMs} ms`
  const late = `the rollback of ${flag} took longer than the plan allows: ${overruns.join(', ')}`
  return {
    state: enter(state, {
      phase: 'rolled_back',
      rollback,
      executedAt,
      ...(isVerified ? { verifiedAt: now } : {}),
      endedAt: now,
      overruns,
    }),
    effects: [
      { type: 'record', action: 'end_rollback', actor: event.actor, reason: outcome },
      ...(overruns.length === 0 ? [] : [announce('rollback_overrun', 'error', late)]),
      announce('rolled_back', 'warning', `${flag} is rolled back: ${outcome}`),
    ],
  }
}

/**
 * Whether the stage was watched for its whole time. Both clocks must agree: what the looking process
 * observed, and what elapsed since the stage began. A clock that jumps moves only one of them.
 */
function isTimeUp(state: OpenState, event: TickEvent, now: number): boolean {
  const monitorMs = state.plan.stages[state.stage]?.monitorMs ?? Number.POSITIVE_INFINITY
  return Math.min(event.observedMs, now - state.enteredAt) >= monitorMs
}

function isHeldByTrouble(state: OpenState): state is OpenState & { phase: 'holding' } {
  return state.phase === 'holding' && (state.cause === 'failing' || state.cause === 'unseen')
}

/** The trouble seems gone: on again, but not within the shortest hold and not without a look. */
function recover(
  state: OpenState & { phase: 'holding' },
  { actor, verdicts }: TickEvent,
  now: number,
): Transition {
  const isSettled = now - state.causeSince >= state.plan.minHoldMs
  if (!isSettled || verdicts === undefined) return stayHolding(state, actor, now)
  const { stage, enteredAt, because } = state
  const reason = `no longer held (${because})`
  return {
    state: enter(state, { phase: 'running', stage, enteredAt }),
    effects: [
      { type: 'record', action: 'go_on', actor, reason },
      announce('went_on', 'info', `${state.flag} goes on: ${reason}`),
    ],
  }
}

/** All limits of the rollback timeline, now that it is over. */
function findAllOverruns(
  state: RolloutTerms & Verifying,
  isVerified: boolean,
  now: number,
): Overrun[] {
  const { verifyLimitMs, totalLimitMs = Number.POSITIVE_INFINITY } = state.plan
  const isLate = now - state.rollback.detectedAt > totalLimitMs
  const isVerifiedInTime = isVerified && now - state.executedAt <= verifyLimitMs
  return [
    ...findOverruns(state),
    ...(isVerifiedInTime ? [] : ['verification' as const]),
    ...(isLate ? ['total' as const] : []),
  ]
}
