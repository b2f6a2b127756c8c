import type {
  ProcedureEffect,
  ProcedureNotice,
  ProcedureRefusal,
  ProcedureTransition,
} from './event.ts'
import {
  type Begun,
  enterPhase,
  type ProcedureState,
  type StepError,
  type StepState,
  type UndoDecision,
} from './state.ts'

/** A procedure that goes on or goes back. */
export type ActiveProcedure = ProcedureState & { phase: 'running' | 'undoing' }

/** Nothing happened: the same state object. */
export function unchanged(state: ProcedureState): ProcedureTransition {
  return { state, effects: [] }
}

/** Nothing happened, and the person who asked is told why. */
export function refuse(
  state: ProcedureState,
  code: ProcedureRefusal,
  because: string,
): ProcedureTransition {
  return { state, effects: [{ type: 'refused', code, because }] }
}

/** An effect that writes, in the name of whoever acts. */
export function record(action: string, actor: string, reason: string): ProcedureEffect {
  return { type: 'record', action, actor, reason }
}

/** An effect that tells people. */
export function announce(
  name: ProcedureNotice['name'],
  level: ProcedureNotice['level'],
  message: string,
  step?: string,
): ProcedureEffect {
  return { type: 'announce', name, level, message, ...(step === undefined ? {} : { step }) }
}

/** The steps with one of them in another phase. */
export function replaceStep(state: ProcedureState, next: StepState): readonly StepState[] {
  return state.steps.map((step) => (step.name === next.name ? next : step))
}

/** What stays known of a step that was begun. */
export function begunOf(step: Begun): Begun {
  const { attempt, failures, firstBegunAt, begunAt, begunIn, memo } = step
  return {
    ...{ attempt, failures, firstBegunAt, begunAt, begunIn },
    ...(memo === undefined ? {} : { memo }),
  }
}

/** Turns a procedure back; a step that is under way counts as failed. */
export function turnBack(
  state: ProcedureState,
  decision: UndoDecision,
  { owner, error, now }: { owner: string; error: StepError; now: number },
): ProcedureState {
  const steps = state.steps.map((step): StepState => {
    if (step.phase !== 'running' && step.phase !== 'retrying' && step.phase !== 'waiting')
      return step
    const endedAt = Math.max(now, step.begunAt)
    const known = step.phase === 'retrying' ? step.error : error
    return { name: step.name, phase: 'failed', ...begunOf(step), endedAt, error: known }
  })
  // Whoever works on it goes on with it: only that process can end the step under way.
  if (state.phase === 'running') {
    return enterPhase(state, { phase: 'undoing', claim: state.claim, decision }, { steps })
  }
  const term = state.term + 1
  const claim = { owner, term, beatAt: now }
  return enterPhase(state, { phase: 'undoing', claim, decision }, { steps, term })
}
