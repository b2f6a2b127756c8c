import type { Json } from '@sluice/core'
import type { Order } from '../transition/event.ts'
import type { ProcedureState, StepError } from './state.ts'

/** What the owner reports; a report of a term that is over changes nothing. */
export type StepEvent =
  | { readonly type: 'begin_step' }
  | { readonly type: 'skip_step'; readonly because: string }
  | { readonly type: 'end_step'; readonly result?: Json }
  | { readonly type: 'wait'; readonly ms: number; readonly because: string; readonly memo?: Json }
  /** Without `retryMs` it is given up, and what was done is undone. */
  | {
      readonly type: 'fail_step'
      readonly error: StepError
      readonly retryMs?: number
      /** When the trouble began, where that was before now. */
      readonly detectedAt?: number
    }
  | { readonly type: 'begin_undo' }
  | { readonly type: 'end_undo' }
  /** Without `retryMs` the procedure ends here, with what is left. `left`: this step and those behind it. */
  | {
      readonly type: 'fail_undo'
      readonly error: StepError
      readonly retryMs?: number
      readonly left: readonly string[]
    }

/** Everything that can happen to a procedure. */
export type ProcedureEvent =
  | (StepEvent & { readonly step: string; readonly actor: string; readonly term: number })
  /** A process takes it over; a step that waits is begun again with it. */
  | {
      readonly type: 'claim'
      readonly actor: string
      readonly owner: string
      /** The latest claim that the process knew. */
      readonly seenTerm: number
    }
  /** The owner stops of its own accord. */
  | { readonly type: 'release'; readonly actor: string; readonly term: number }
  | { readonly type: 'beat'; readonly actor: string; readonly term: number }
  /** Every step is done, or every step that can be undone is. */
  | {
      readonly type: 'finish'
      readonly actor: string
      readonly term: number
      /** The steps that have a way back. */
      readonly undoable: readonly string[]
    }
  | ({
      readonly type: 'cancel' | 'roll_back'
      /** The process that was asked: it goes on with it where nobody else works on it. */
      readonly owner: string
      /** The steps that have a way back. */
      readonly undoable: readonly string[]
      readonly detectedAt?: number
    } & Order)

/** What is told to people when a change has become durable. */
export interface ProcedureNotice {
  readonly name:
    | 'started'
    | 'step_begun'
    | 'step_done'
    | 'step_skipped'
    | 'step_waits'
    | 'step_retried'
    | 'step_failed'
    | 'undo_started'
    | 'undo_begun'
    | 'step_undone'
    | 'undo_retried'
    | 'undo_failed'
    | 'taken_over'
    | 'succeeded'
    | 'undone'
    | 'failed'
  readonly level: 'debug' | 'info' | 'warning' | 'error'
  readonly message: string
  readonly step?: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly state: ProcedureState
}

/** Why an order changes nothing. */
export type ProcedureRefusal = 'procedure_over' | 'already_undoing'

/** What a transition asks its runner to do, as data. */
export type ProcedureEffect =
  /** Write the new state as one commit that says who and why. */
  | ({ readonly type: 'record'; readonly action: string } & Order)
  /** Tell, once the commit is durable. */
  | ({ readonly type: 'announce' } & Pick<ProcedureNotice, 'name' | 'level' | 'message' | 'step'>)
  | { readonly type: 'refused'; readonly code: ProcedureRefusal; readonly because: string }

/** A state and what follows from it. The same state object means: nothing changed. */
export interface ProcedureTransition {
  readonly state: ProcedureState
  readonly effects: readonly ProcedureEffect[]
}
