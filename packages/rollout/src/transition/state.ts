import type { Exposure } from '@sluice/core'
import type { Guard } from '@sluice/guards'
import type { Plan } from '../plan/plan.ts'

/** What was agreed when a rollout started, and what it has set since. */
export interface RolloutTerms {
  /** The version of this record's shape in the log. */
  readonly schema: 1
  /** Unique in the log: the flag and the revision the start was written on. */
  readonly id: string
  readonly flag: string
  readonly environment: string
  readonly plan: Plan
  /** The guards as data, so that whichever process resumes judges by the same ones. */
  readonly guards: readonly Guard[]
  /** The most a healthy canary may be rolled back by chance, over the whole rollout; 0 to 1. */
  readonly alpha: number
  readonly startedBy: string
  /** Epoch milliseconds, like every `…At`. */
  readonly startedAt: number
  readonly reason: string
  readonly ticket?: string
  /** The exposure that stood before the rollout; empty where there was none. */
  readonly before: Exposure
  /** The exposure this rollout last wrote: what must stand in the log unless someone else moved it. */
  readonly exposure: Exposure
  /**
   * For each stage, how much more often the canary's subjects fail by themselves, 1 or more; measured before they met
   * it. Absent: nobody measured.
   */
  readonly calibration?: readonly number[]
  /** How many guard processes began to judge this rollout; each has its own share of `alpha`. */
  readonly guardRuns: number
}

/**
 * Why a rollout holds: a guard failed that asks for it, nothing could be observed, a gate or an approval keeps it from
 * the next stage, or the stage's time is up and the evidence does not suffice yet.
 */
export type HoldCause = 'failing' | 'unseen' | 'gate' | 'waiting'

/** A limit of the rollback timeline that was not kept. */
export type Overrun = 'decision' | 'execution' | 'verification' | 'total'

/** Nothing is exposed yet: what the first stage asks for is not there. */
export interface AwaitingApproval {
  readonly phase: 'awaiting_approval'
  readonly awaitingSince: number
  /** The type of approval that is waited for, a key of `policy.approvals.types`; absent: only gates are. */
  readonly type?: string
  /** The id of an approval that had ended before this rollout was asked for: its end says nothing of this one. */
  readonly endedBefore?: string
}

/** At this stage's share, with time and guards deciding. */
export interface Running {
  readonly phase: 'running'
  /** Position in the plan, from 0. */
  readonly stage: number
  readonly enteredAt: number
}

/** At this stage's share until the cause is gone; a guard may still roll back. */
export interface Holding {
  readonly phase: 'holding'
  readonly stage: number
  readonly enteredAt: number
  readonly cause: HoldCause
  readonly because: string
  readonly guard?: string
  /** At a gate: the gates that are closed, or the roles whose approval is missing. */
  readonly wants?: readonly string[]
  /** When this hold began, whatever its causes since: the hold limit counts from here. */
  readonly heldSince: number
  /** When the present cause began: the shortest hold counts from here. */
  readonly causeSince: number
  /** The hold limit has passed and was reported. */
  readonly isOverdue?: true
}

/** Stopped where it is until a person decides; a guard may still roll back. */
export interface Paused {
  readonly phase: 'paused'
  readonly stage: number
  readonly enteredAt: number
  readonly pausedAt: number
  readonly by: string
  readonly because: string
  /** The exposure someone else set while the rollout was going on, where that is so. */
  readonly found?: Exposure
}

/** Who decided to go back, why, and when: the beginning of the rollback timeline. */
export interface RollbackDecision {
  readonly by: string
  readonly because: string
  readonly guard?: string
  readonly fromStage: number
  /** When the guard first failed, or the person spoke. */
  readonly detectedAt: number
  readonly decidedAt: number
}

/** The canary's share of 0 stands in the same commit as this phase. */
export interface RollingBack {
  readonly phase: 'rolling_back'
  readonly rollback: RollbackDecision
}

/** The share of 0 is durable; watching until no canary request is seen any more. */
export interface Verifying {
  readonly phase: 'verifying'
  readonly rollback: RollbackDecision
  readonly executedAt: number
}

/** Gone back. Without `verifiedAt` the verification ran out of time. */
export interface RolledBack {
  readonly phase: 'rolled_back'
  readonly rollback: RollbackDecision
  readonly executedAt: number
  readonly verifiedAt?: number
  readonly endedAt: number
  /** The limits of the plan that were not kept; empty when all were. */
  readonly overruns: readonly Overrun[]
}

/** The last stage was watched to its end. */
export interface Completed {
  readonly phase: 'completed'
  readonly by: string
  readonly completedAt: number
}

/** Given up where it stood; the exposure is as it was left. */
export interface Aborted {
  readonly phase: 'aborted'
  readonly by: string
  readonly because: string
  readonly abortedAt: number
}

/** The phases in which a rollout may still go on, and may still go back. */
export type OpenPhase = Running | Holding | Paused

/** A phase with only its own fields. */
export type Phase =
  | AwaitingApproval
  | OpenPhase
  | RollingBack
  | Verifying
  | RolledBack
  | Completed
  | Aborted

/** The state of a rollout exactly as it stands in the log, under `rollout/<environment>/<flag>`. */
export type RolloutState = RolloutTerms & Phase

/** A state that may still go on or go back. */
export type OpenState = RolloutTerms & OpenPhase

const overPhases: readonly unknown[] = ['rolled_back', 'completed', 'aborted']

/** Whether a controller has anything left to do for the rollout. */
export function isActive(state: RolloutState): boolean {
  return !overPhases.includes(state.phase)
}

/** Whether what stands in the log as a rollout's state is at its end; what cannot be read is not. */
export function isRolloutOver(value: unknown): boolean {
  return overPhases.includes((Object(value) as Partial<RolloutState>).phase)
}

/** Whether the rollout may still go on, and may still go back. */
export function isOpen(state: RolloutState): state is OpenState {
  return state.phase === 'running' || state.phase === 'holding' || state.phase === 'paused'
}

/** The share the stage asks for, in percent; 0 beyond the plan. */
export function stagePercent(plan: Plan, stage: number): number {
  return plan.stages[stage]?.rolloutPercent ?? 0
}

/** The same terms in another phase, and nothing of the phase before. */
export function enter<P extends Phase>(
  state: RolloutTerms,
  phase: P,
  changed: Partial<Pick<RolloutTerms, 'before' | 'exposure' | 'guardRuns'>> = {},
): RolloutTerms & P {
  return {
    schema: state.schema,
    id: state.id,
    flag: state.flag,
    environment: state.environment,
    plan: state.plan,
    guards: state.guards,
    alpha: state.alpha,
    startedBy: state.startedBy,
    startedAt: state.startedAt,
    reason: state.reason,
    ...(state.ticket === undefined ? {} : { ticket: state.ticket }),
    before: state.before,
    exposure: state.exposure,
    ...(state.calibration === undefined ? {} : { calibration: state.calibration }),
    guardRuns: state.guardRuns,
    ...changed,
    ...phase,
  }
}
