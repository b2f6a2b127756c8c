import type { Json } from '@sluice/core'

/** What went wrong, as it stands in the log. */
export interface StepError {
  readonly code?: string
  readonly message: string
}

/** What became of one step. Every `…At` is epoch milliseconds. */
export type StepState = { readonly name: string } & StepPhase

/** A step's phase with only its own fields. */
export type StepPhase =
  | { readonly phase: 'pending' }
  | ({ readonly phase: 'running' } & Begun)
  /** Failed, and is tried again after `delayMs`. */
  | ({ readonly phase: 'retrying'; readonly delayMs: number; readonly error: StepError } & Begun)
  /** Run again `ms` after `waitingSince`, or when it is ready. */
  | ({
      readonly phase: 'waiting'
      readonly waitingSince: number
      readonly ms: number
      readonly because: string
    } & Begun)
  | ({ readonly phase: 'done'; readonly endedAt: number; readonly result?: Json } & Begun)
  | ({ readonly phase: 'failed'; readonly endedAt: number; readonly error: StepError } & Begun)
  | { readonly phase: 'skipped'; readonly at: number; readonly because: string }
  | ({ readonly phase: 'undoing' } & Undoing)
  | ({ readonly phase: 'undone'; readonly undoneAt: number } & Undoing)
  | ({
      readonly phase: 'undo_failed'
      readonly failedAt: number
      readonly error: StepError
    } & Undoing)

/** What is known of a step that was begun. */
export interface Begun {
  /** From 1, over all processes. */
  readonly attempt: number
  /** How many attempts failed; those that a crash ended are not among them. */
  readonly failures: number
  /** When it was first begun. */
  readonly firstBegunAt: number
  /** When this attempt was begun, and under which term of the claim. */
  readonly begunAt: number
  readonly begunIn: number
  /** What it gave `waitFor` to remember. */
  readonly memo?: Json
}

/** What is known of a step that goes back. */
export interface Undoing {
  readonly run: Begun
  readonly result?: Json
  /** What the step itself failed with, where it did. */
  readonly cause?: StepError
  readonly undo: {
    readonly attempt: number
    readonly failures: number
    readonly firstBegunAt: number
    readonly begunAt: number
    readonly begunIn: number
    readonly error?: StepError
  }
}

/** Who works on a procedure. Each claim has a term of its own; what an earlier term writes is refused. */
export interface Claim {
  readonly owner: string
  readonly term: number
  /** When the owner last gave a sign of life. */
  readonly beatAt: number
  /** It stopped of its own accord, with nothing under way. */
  readonly isReleased?: true
}

/** Why a procedure goes back. */
export interface UndoDecision {
  readonly cause: 'failed' | 'cancelled' | 'rolled_back'
  readonly by: string
  readonly because: string
  /** The step that failed. */
  readonly step?: string
  /** When the trouble began, as far as it is known. */
  readonly detectedAt: number
  readonly decidedAt: number
  /** Whether it had succeeded before. */
  readonly hadSucceeded: boolean
}

/** What was agreed at the start, and what became of the steps. */
export interface ProcedureTerms {
  /** The version of this record's shape in the log. */
  readonly schema: 1
  readonly id: string
  readonly environment: string
  readonly input: Json
  readonly startedBy: string
  readonly startedAt: number
  readonly reason: string
  readonly ticket?: string
  /** From 1: how often a procedure of this key was started. */
  readonly run: number
  /** Every claim so far. */
  readonly term: number
  readonly steps: readonly StepState[]
  /** What the steps were made of where it was started, by name: whoever takes it up must have all of it. */
  readonly parts?: readonly string[]
}

/** A phase with only its own fields. */
export type ProcedurePhase =
  | { readonly phase: 'running'; readonly claim: Claim }
  /** Nobody works on it; whoever is there when the step's time has come does. */
  | { readonly phase: 'waiting'; readonly step: string; readonly because: string }
  | { readonly phase: 'undoing'; readonly claim: Claim; readonly decision: UndoDecision }
  | { readonly phase: 'succeeded'; readonly endedAt: number }
  /** Every step that has a way back went it. */
  | { readonly phase: 'undone'; readonly endedAt: number; readonly decision: UndoDecision }
  /** Nothing was to be undone, or an undo failed: `left` names what was not undone, in the order it would be. */
  | {
      readonly phase: 'failed'
      readonly endedAt: number
      readonly decision: UndoDecision
      readonly left: readonly string[]
    }

/** The state of a procedure exactly as it stands in the log. */
export type ProcedureState = ProcedureTerms & ProcedurePhase

/** Whether anything is left to do. */
export function isProcedureOver(state: ProcedureState): boolean {
  return state.phase === 'succeeded' || state.phase === 'undone' || state.phase === 'failed'
}

/** A step by name. */
export function stepOf(state: ProcedureTerms, name: string): StepState | undefined {
  return state.steps.find((step) => step.name === name)
}

/** What the steps resolved with, by name. */
export function resultsOf(state: ProcedureTerms): Record<string, Json> {
  const results: Record<string, Json> = {}
  for (const step of state.steps) {
    if ('result' in step && step.result !== undefined) results[step.name] = step.result
  }
  return results
}

/** The same terms in another phase, and nothing of the phase before. */
export function enterPhase(
  state: ProcedureTerms,
  phase: ProcedurePhase,
  changed: Partial<Pick<ProcedureTerms, 'steps' | 'term'>> = {},
): ProcedureState {
  return {
    schema: state.schema,
    id: state.id,
    environment: state.environment,
    input: state.input,
    startedBy: state.startedBy,
    startedAt: state.startedAt,
    reason: state.reason,
    ...(state.ticket === undefined ? {} : { ticket: state.ticket }),
    run: state.run,
    term: state.term,
    steps: state.steps,
    ...(state.parts === undefined ? {} : { parts: state.parts }),
    ...changed,
    ...phase,
  }
}
