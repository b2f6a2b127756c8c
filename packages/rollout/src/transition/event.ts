import type { Exposure } from '@sluice/core'
import type { DeclaredCondition, Verdict } from '@sluice/guards'
import type { ApprovalUse } from '../approvals/subject.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { EntryAnswer } from './entry.ts'
import type { RolloutState } from './state.ts'

/** A person's word: who, why, and the ticket where there is one. */
export interface Order {
  readonly actor: string
  readonly reason: string
  readonly ticket?: string
}

/** One look at the canary. */
export interface TickEvent {
  readonly type: 'tick'
  /** The controller that looked: it is named in the log for what follows from the look. */
  readonly actor: string
  /** Undefined where this look failed. */
  readonly verdicts: readonly Verdict[] | undefined
  /** Time observed in this stage so far, by the looking process, in milliseconds. */
  readonly observedMs: number
  /** Observed time without a canary request, up to this look, in milliseconds. Default 0. */
  readonly quietMs?: number
  /** For how long the looking process has seen the rollout in this phase, whatever it could see; in milliseconds. Default 0. */
  readonly phaseMs?: number
  /** Why nothing could be observed, where that lasted long enough to hold the rollout. */
  readonly blind?: string
  /** When a failing guard was first seen, where that was not this look. */
  readonly detectedAt?: number
  /** What the gates and the approval of the next stage say; absent: nobody has asked them yet, and nothing goes up. */
  readonly entry?: EntryAnswer
}

/** Everything that can happen to a rollout. */
export type RolloutEvent =
  | TickEvent
  | ({ readonly type: 'pause' | 'resume' | 'abort' } & Order)
  /** `saidAt`: when the person said so, where that was not now; the rollback timeline begins then. */
  | ({ readonly type: 'roll_back'; readonly saidAt?: number } & Order)
  /** Somebody says that the canary does what no canary may: it goes back, whatever the guards say. */
  | ({
      readonly type: 'declare'
      readonly condition: DeclaredCondition
      readonly saidAt?: number
    } & Order)
  /** `verdicts`: the latest known to the process that was asked; a demand for rollback refuses. `entry` as in a look. */
  | ({
      readonly type: 'promote'
      readonly verdicts: readonly Verdict[]
      readonly entry?: EntryAnswer
    } & Order)
  /** Someone else moved the flag's exposure: `by` did, and `exposure` is what stands now. */
  | {
      readonly type: 'exposure_changed'
      readonly actor: string
      readonly by: string
      readonly exposure: Exposure
    }
  /** A guard process begins to judge: it takes the next share of alpha. */
  | { readonly type: 'guards_started'; readonly actor: string }

/** What is told to people when a change has become durable. */
export interface Notice {
  readonly name:
    | 'approval_awaited'
    | 'rollout_started'
    | 'stage_entered'
    | 'held'
    | 'hold_overdue'
    | 'went_on'
    | 'paused'
    | 'resumed'
    | 'exposure_moved'
    | 'rollback_started'
    | 'rolled_back'
    | 'rollback_overrun'
    | 'completed'
    | 'aborted'
  /** `warning` for holds and rollbacks, `error` for an overrun, else `info`. */
  readonly level: 'info' | 'warning' | 'error'
  readonly message: string
}

/** Why an operator's command changes nothing. */
export type Refusal =
  | 'rollout_over'
  | 'rolling_back'
  | 'already_paused'
  | 'not_paused'
  | 'guard_demands_rollback'
  | 'awaiting_approval'
  | 'approval_required'
  | 'gate_closed'

/** What a transition asks its runner to do, as data. */
export type Effect =
  /** Write the new state, and `set_exposure` with it, as one commit that says who and why. */
  | ({ readonly type: 'record'; readonly action: string } & Order)
  | { readonly type: 'set_exposure'; readonly exposure: Exposure }
  /** Write what the guards have seen, in the same commit. */
  | { readonly type: 'set_evidence'; readonly evidence: Evidence }
  /** Mark an approval as used, in the same commit. */
  | ({ readonly type: 'use_approval' } & ApprovalUse)
  /** Tell, once the commit is durable. */
  | ({ readonly type: 'announce' } & Notice)
  | { readonly type: 'refused'; readonly code: Refusal; readonly because: string }

/** A state and what follows from it. The same state object means: nothing changed. */
export interface Transition {
  readonly state: RolloutState
  readonly effects: readonly Effect[]
}
