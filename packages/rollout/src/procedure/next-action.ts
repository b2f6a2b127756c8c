import { toReason } from '../transition/reason.ts'
import { type ProcedureState, resultsOf, type StepError, type StepState } from './state.ts'
import type { Step } from './step.ts'
import { stepsToUndo } from './undo-moves.ts'

/** What the owner of a procedure does next. */
export type Action =
  /** Over, or waiting: nothing. */
  | { readonly type: 'rest' }
  | { readonly type: 'finish' }
  | { readonly type: 'skip'; readonly step: Step; readonly because: string }
  /** Write that it begins, after a pause where it failed before. */
  | { readonly type: 'begin'; readonly step: Step; readonly afterMs: number }
  /** Its beginning is written: do it. */
  | { readonly type: 'run'; readonly step: Step }
  | { readonly type: 'give_up'; readonly step: Step; readonly error: StepError }
  | { readonly type: 'begin_undo'; readonly step: Step; readonly afterMs: number }
  | { readonly type: 'undo'; readonly step: Step; readonly left: readonly string[] }

/** A step whose process dies each time brings the next one down, too: ten are enough. */
const maxInterruptions = 10
/** A service that restarts is back within a minute; a longer pause only delays the way back. */
const longestPauseMs = 60_000
const defaultRetryDelayMs = 1_000

/** What is to be done in this state: pure. @param steps In order, as in the state. */
export function nextAction(state: ProcedureState, steps: readonly Step[]): Action {
  if (state.phase === 'undoing') return nextUndo(state, steps)
  if (state.phase !== 'running') return { type: 'rest' }
  for (const [index, found] of state.steps.entries()) {
    const step = steps[index]
    if (found.phase === 'done' || found.phase === 'skipped' || step === undefined) continue
    return nextOf(state, step, found)
  }
  return { type: 'finish' }
}

function nextOf(state: ProcedureState, step: Step, found: StepState): Action {
  switch (found.phase) {
    case 'pending': {
      const because = findSkip(state, step)
      return because === undefined
        ? { type: 'begin', step, afterMs: 0 }
        : { type: 'skip', step, because }
    }
    case 'retrying':
      return { type: 'begin', step, afterMs: found.delayMs }
    case 'running': {
      if (found.begunIn === state.term) return { type: 'run', step }
      const interruptions = found.attempt - found.failures
      if (interruptions < maxInterruptions) return { type: 'begin', step, afterMs: 0 }
      const message = `its process ended ${interruptions} times while it was under way`
      return { type: 'give_up', step, error: { code: 'step_interrupted', message } }
    }
    default:
      return { type: 'rest' }
  }
}

/** A question that throws, or answers without a reason, is no answer: then the step is done. */
function findSkip(state: ProcedureState, step: Step): string | undefined {
  const { input, environment } = state
  try {
    const because: unknown = step.skipBecause?.({ input, environment, results: resultsOf(state) })
    return typeof because === 'string' ? toReason(because) : undefined
  } catch {
    return undefined
  }
}

function nextUndo(state: ProcedureState & { phase: 'undoing' }, steps: readonly Step[]): Action {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const left = stepsToUndo(state, (name) => byName.get(name)?.undo !== undefined)
  const found = left[0]
  const step = byName.get(found?.name ?? '')
  if (found === undefined || step === undefined) return { type: 'finish' }
  if (found.phase !== 'undoing') return { type: 'begin_undo', step, afterMs: 0 }
  const { error, failures, begunIn } = found.undo
  if (error !== undefined) return { type: 'begin_undo', step, afterMs: pauseAfter(step, failures) }
  if (begunIn !== state.term) return { type: 'begin_undo', step, afterMs: 0 }
  return { type: 'undo', step, left: left.map(({ name }) => name) }
}

/** How long to wait after so many failures, in ms. */
export function pauseAfter(step: Step, failures: number): number {
  const firstMs = step.retryDelayMs ?? defaultRetryDelayMs
  return Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestPauseMs)
}
