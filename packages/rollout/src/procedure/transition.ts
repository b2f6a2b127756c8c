import type { ProcedureEvent, ProcedureTransition, StepEvent } from './event.ts'
import { announce, record, replaceStep, unchanged } from './moves.ts'
import { obey } from './orders.ts'
import { beginStep, endStep, failStep, skipStep, waitStep } from './run-moves.ts'
import { enterPhase, type ProcedureState, stepOf } from './state.ts'
import { beginUndo, endUndo, failUndo, stepsToUndo } from './undo-moves.ts'

/**
 * What becomes of a procedure when something happens: pure, and total over every state and event.
 *
 * A report of another term than the claim's, of a step that is not in that phase, or after the end, returns the same
 * state object and no effects; an order that means nothing there returns one effect `refused`. A new state always comes
 * with one effect `record`.
 *
 * @param now Epoch milliseconds. A clock that jumps back makes no time run backwards in the record.
 */
export function transition(
  state: ProcedureState,
  event: ProcedureEvent,
  now: number,
): ProcedureTransition {
  switch (event.type) {
    case 'claim':
      return claim(state, event, now)
    case 'beat':
      return beat(state, event, now)
    case 'release':
      return release(state, event)
    case 'finish':
      return finish(state, event, now)
    case 'cancel':
    case 'roll_back':
      return obey(state, event, now)
    default:
      return report(state, event, now)
  }
}

function report(
  state: ProcedureState,
  event: StepEvent & { step: string; actor: string; term: number },
  now: number,
): ProcedureTransition {
  const step = stepOf(state, event.step)
  if (step === undefined || !isOwners(state, event.term)) return unchanged(state)
  if (state.phase === 'running') {
    switch (event.type) {
      case 'begin_step':
        return beginStep(state, step, event.actor, now)
      case 'skip_step':
        return skipStep(state, step, event, now)
      case 'end_step':
        return endStep(state, step, event, now)
      case 'wait':
        return waitStep(state, step, event, now)
      case 'fail_step':
        return failStep(state, step, event, now)
      default:
        return unchanged(state)
    }
  }
  if (state.phase !== 'undoing') return unchanged(state)
  switch (event.type) {
    case 'begin_undo':
      return beginUndo(state, step, event.actor, now)
    case 'end_undo':
      return endUndo(state, step, event.actor, now)
    case 'fail_undo':
      return failUndo(state, step, event, now)
    default:
      return unchanged(state)
  }
}

/** The next term: what the owner before reports from now on is late. */
function claim(
  state: ProcedureState,
  { actor, owner, seenTerm }: ProcedureEvent & { type: 'claim' },
  now: number,
): ProcedureTransition {
  // Another process was faster.
  if (state.term !== seenTerm) return unchanged(state)
  const term = state.term + 1
  const claimed = { owner, term, beatAt: now }
  if (state.phase === 'waiting') {
    const step = stepOf(state, state.step)
    if (step?.phase !== 'waiting') return unchanged(state)
    const { attempt, failures, firstBegunAt, memo } = step
    const steps = replaceStep(state, {
      name: step.name,
      phase: 'running',
      ...{ attempt, failures, firstBegunAt, begunAt: Math.max(now, firstBegunAt), begunIn: term },
      ...(memo === undefined ? {} : { memo }),
    })
    return {
      state: enterPhase(state, { phase: 'running', claim: claimed }, { steps, term }),
      effects: [record('look_again', actor, `${step.name}: ${state.because}`)],
    }
  }
  if (state.phase !== 'running' && state.phase !== 'undoing') return unchanged(state)
  const reason = `${owner} goes on where ${state.claim.owner} stopped`
  return {
    state: enterPhase(state, { ...phaseOf(state), claim: claimed }, { term }),
    effects: [
      record('take_over', actor, reason),
      announce('taken_over', 'warning', `${state.id}: ${reason}`),
    ],
  }
}

function beat(
  state: ProcedureState,
  { actor, term }: ProcedureEvent & { type: 'beat' },
  now: number,
): ProcedureTransition {
  if (state.phase !== 'running' && state.phase !== 'undoing') return unchanged(state)
  if (!isOwners(state, term)) return unchanged(state)
  const { owner } = state.claim
  const claimed = { owner, term, beatAt: now }
  return {
    state: enterPhase(state, { ...phaseOf(state), claim: claimed }),
    effects: [record('renew', actor, `${state.claim.owner} is at work`)],
  }
}

/** The owner stops, with nothing under way: whoever sees it may go on at once. */
function release(
  state: ProcedureState,
  { actor, term }: ProcedureEvent & { type: 'release' },
): ProcedureTransition {
  if (state.phase !== 'running' && state.phase !== 'undoing') return unchanged(state)
  if (!isOwners(state, term) || state.claim.isReleased) return unchanged(state)
  const claimed = { ...state.claim, isReleased: true } as const
  return {
    state: enterPhase(state, { ...phaseOf(state), claim: claimed }),
    effects: [record('release', actor, `${state.claim.owner} stops; another process goes on`)],
  }
}

function finish(
  state: ProcedureState,
  { actor, term, undoable }: ProcedureEvent & { type: 'finish' },
  now: number,
): ProcedureTransition {
  if (!isOwners(state, term)) return unchanged(state)
  if (state.phase === 'running') {
    if (!state.steps.every(({ phase }) => phase === 'done' || phase === 'skipped')) {
      return unchanged(state)
    }
    const endedAt = Math.max(now, state.startedAt)
    return {
      state: enterPhase(state, { phase: 'succeeded', endedAt }),
      effects: [
        record('succeed', actor, 'every step is done'),
        announce('succeeded', 'info', `${state.id} succeeded: ${state.reason}`),
      ],
    }
  }
  if (state.phase !== 'undoing') return unchanged(state)
  if (stepsToUndo(state, (name) => undoable.includes(name)).length > 0) return unchanged(state)
  const { decision } = state
  const endedAt = Math.max(now, decision.decidedAt)
  // What a person gave up before anything was done is as undone as it can be.
  if (decision.cause !== 'failed' || state.steps.some(({ phase }) => phase === 'undone')) {
    return {
      state: enterPhase(state, { phase: 'undone', endedAt, decision }),
      effects: [
        record('undone', actor, decision.because),
        announce('undone', 'warning', `${state.id} is undone: ${decision.because}`),
      ],
    }
  }
  return {
    state: enterPhase(state, { phase: 'failed', endedAt, decision, left: [] }),
    effects: [
      record('fail', actor, decision.because),
      announce('failed', 'error', `${state.id} failed, with nothing to undo: ${decision.because}`),
    ],
  }
}

function isOwners(state: ProcedureState, term: number): boolean {
  return (state.phase === 'running' || state.phase === 'undoing') && state.claim.term === term
}

function phaseOf(state: ProcedureState & { phase: 'running' | 'undoing' }) {
  if (state.phase === 'running') return { phase: state.phase, claim: state.claim }
  return { phase: state.phase, claim: state.claim, decision: state.decision }
}
