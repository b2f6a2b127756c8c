import type { ProcedureTransition } from './event.ts'
import { announce, begunOf, record, replaceStep, unchanged } from './moves.ts'
import {
  enterPhase,
  type ProcedureState,
  type StepError,
  type StepState,
  type Undoing,
} from './state.ts'

type GoingBack = ProcedureState & { phase: 'undoing' }

/** The steps that are still to be undone, the last one first. @param undoable Those that have a way back. */
export function stepsToUndo(
  state: ProcedureState,
  undoable: (name: string) => boolean,
): readonly StepState[] {
  return state.steps.filter((step) => wasBegun(step) && undoable(step.name)).toReversed()
}

function wasBegun({ phase }: StepState): boolean {
  return phase !== 'pending' && phase !== 'skipped' && phase !== 'undone'
}

/** The first attempt to undo a step, the one after a failure, or the one after an owner that is gone. */
export function beginUndo(
  state: GoingBack,
  step: StepState,
  actor: string,
  now: number,
): ProcedureTransition {
  const undoing = nextUndoing(state, step, now)
  if (undoing === undefined) return unchanged(state)
  const steps = replaceStep(state, { name: step.name, phase: 'undoing', ...undoing })
  const { attempt } = undoing.undo
  const what = attempt === 1 ? step.name : `${step.name}, attempt ${attempt}`
  return {
    state: goOn(state, steps),
    effects: [
      record('begin_undo', actor, `undo ${what}`),
      announce('undo_begun', 'debug', `${state.id}: ${what} is being undone`, step.name),
    ],
  }
}

/** Undefined where it must not begin now: an attempt of this term is under way, or there is nothing to undo. */
function nextUndoing(state: GoingBack, step: StepState, now: number): Undoing | undefined {
  const begunAt = Math.max(now, state.decision.decidedAt)
  const begunIn = state.term
  if (step.phase === 'done' || step.phase === 'failed') {
    return {
      run: begunOf(step),
      ...('result' in step && step.result !== undefined ? { result: step.result } : {}),
      ...('error' in step ? { cause: step.error } : {}),
      undo: { attempt: 1, failures: 0, firstBegunAt: begunAt, begunAt, begunIn },
    }
  }
  if (step.phase === 'undoing') {
    const { undo } = step
    const hasFailed = undo.error !== undefined
    if (!hasFailed && undo.begunIn === state.term) return undefined
    const { error: _, ...known } = undo
    return {
      ...undoingOf(step),
      undo: { ...known, attempt: undo.attempt + 1, begunAt, begunIn },
    }
  }
  if (step.phase !== 'undo_failed') return undefined
  // A person asked for it once more: it has all its attempts again.
  const { error: _, ...known } = step.undo
  return {
    ...undoingOf(step),
    undo: { ...known, attempt: known.attempt + 1, failures: 0, begunAt, begunIn },
  }
}

/** A step is as if it had not been. */
export function endUndo(
  state: GoingBack,
  step: StepState,
  actor: string,
  now: number,
): ProcedureTransition {
  if (step.phase !== 'undoing') return unchanged(state)
  const undoneAt = Math.max(now, step.undo.begunAt)
  const undone: StepState = { name: step.name, phase: 'undone', ...undoingOf(step), undoneAt }
  return {
    state: goOn(state, replaceStep(state, undone)),
    effects: [
      record('end_undo', actor, `${step.name} is undone`),
      announce('step_undone', 'debug', `${state.id}: ${step.name} is undone`, step.name),
    ],
  }
}

/** The way back failed: it is tried again, or the procedure ends here and says what is left. */
export function failUndo(
  state: GoingBack,
  step: StepState,
  event: {
    readonly actor: string
    readonly error: StepError
    readonly retryMs?: number
    readonly left: readonly string[]
  },
  now: number,
): ProcedureTransition {
  if (step.phase !== 'undoing') return unchanged(state)
  const { actor, error, retryMs, left } = event
  const undoing = undoingOf(step)
  const undo = { ...step.undo, failures: step.undo.failures + 1, error }
  const because = `${step.name} could not be undone: ${error.message}`
  if (retryMs !== undefined) {
    const again: StepState = { name: step.name, phase: 'undoing', ...undoing, undo }
    return {
      state: goOn(state, replaceStep(state, again)),
      effects: [
        record('retry_undo', actor, `${because}; tried again`),
        announce(
          'undo_retried',
          'warning',
          `${state.id}: ${because}; it is tried again`,
          step.name,
        ),
      ],
    }
  }
  const failedAt = Math.max(now, step.undo.begunAt)
  const failed: StepState = {
    ...{ name: step.name, phase: 'undo_failed' },
    ...{ ...undoing, undo, failedAt, error },
  }
  const { decision } = state
  return {
    state: enterPhase(
      state,
      { phase: 'failed', endedAt: failedAt, decision, left },
      { steps: replaceStep(state, failed) },
    ),
    effects: [
      record('fail_undo', actor, `${because}; left: ${left.join(', ')}`),
      announce('undo_failed', 'error', `${state.id}: ${because}`, step.name),
      announce(
        'failed',
        'error',
        `${state.id} failed and is not undone. Left, in this order: ${left.join(', ')}. Mend it and roll back again.`,
      ),
    ],
  }
}

function undoingOf({ run, result, cause, undo }: Undoing): Undoing {
  return {
    run,
    ...(result === undefined ? {} : { result }),
    ...(cause === undefined ? {} : { cause }),
    undo,
  }
}

function goOn(state: GoingBack, steps: readonly StepState[]): ProcedureState {
  const { claim, decision } = state
  return enterPhase(state, { phase: 'undoing', claim, decision }, { steps })
}
