import type { ApprovalUse } from '../approvals/subject.ts'
import type { Plan } from '../plan/plan.ts'
import { isOpen, type RolloutState } from './state.ts'

/** What must be so before a stage is entered. */
export interface EntryTerms {
  /** Position in the plan, from 0. */
  readonly stage: number
  /** Names of checks that must be open. */
  readonly gates: readonly string[]
  /** The type of approval that is needed. */
  readonly approval?: string
}

/** What was found when a stage's gates and its approval were asked. */
export type EntryAnswer =
  | {
      /** The stage that was asked for: the answer counts for no other. */
      readonly stage: number
      readonly isOpen: true
      readonly because: string
      /** What marks approvals as used: part of the commit that enters the stage, so that both happen or neither. */
      readonly uses: readonly ApprovalUse[]
    }
  | {
      readonly stage: number
      readonly isOpen: false
      readonly code: 'gate_closed' | 'approval_required'
      readonly because: string
      /** The gates that are closed, or the roles whose approval is missing. */
      readonly wants: readonly string[]
      /** The id of an approval that was rejected, withdrawn, voided or has expired. */
      readonly ended?: string
    }

/** What the stage after the present one asks for; undefined where there is none, or it asks for nothing. */
export function findEntryTerms(state: RolloutState): EntryTerms | undefined {
  if (state.phase === 'awaiting_approval') return termsOf(state.plan, 0, state.type)
  return isOpen(state) ? termsOf(state.plan, state.stage + 1) : undefined
}

/**
 * What a stage of a plan asks for; undefined where it asks for nothing.
 *
 * @param approval Where given, goes before the stage's own.
 */
export function termsOf(plan: Plan, stage: number, approval?: string): EntryTerms | undefined {
  const { gate: gates = [], approval: own } = plan.stages[stage] ?? {}
  const type = approval ?? own
  if (gates.length === 0 && type === undefined) return undefined
  return { stage, gates, ...(type === undefined ? {} : { approval: type }) }
}

/** The answer for what a state asks for next; undefined where it is for something else, or for nothing. */
export function answerFor(
  terms: EntryTerms,
  answer: EntryAnswer | undefined,
): EntryAnswer | undefined {
  return answer?.stage === terms.stage ? answer : undefined
}
