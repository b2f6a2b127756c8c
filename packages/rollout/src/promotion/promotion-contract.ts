import type { Guard } from '@sluice/guards'
import type { Clock, Replica } from '@sluice/stores'
import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import type { TickOrder } from '../checklist/create-checklists.ts'
import type { RolloutController } from '../controller/controller.ts'
import type { Plan } from '../plan/plan.ts'
import type { Policy, PromotionRequirement } from '../policy/policy.ts'
import type { Order } from '../transition/event.ts'
import type { RolloutState } from '../transition/state.ts'
import type { PromotionCheck } from './run-checks.ts'
import type { Finding } from './soak.ts'

/** How a flag is rolled out in one environment. */
export interface PromotionEnvironment {
  /** Default: the policy's canary; in the environment before production the plan of `soakPlan`. */
  readonly plan?: Plan
  readonly guards?: readonly Guard[]
  /** Default 0.01. */
  readonly alpha?: number
  /** A type of `policy.approvals.types`. Default `minor`. */
  readonly type?: string
  /** What must be met to come here. Default: `policy.promotion.requires` in production, nothing elsewhere. */
  readonly requires?: readonly PromotionRequirement[]
  /**
   * Starts the rollout. Default: a controller over the same log with the plan, guards and approvals named here; whoever runs
   * controllers in that environment takes it up. One of your own must have the same.
   */
  readonly controller?: Pick<RolloutController, 'start'>
}

/** Of what a promotion is made. */
export interface PromotionOptions {
  readonly replica: Replica
  readonly flag: string
  /** Default: `defaultPolicy`. Its `environments.order` is the order. */
  readonly policy?: Policy
  /** Who knows what is approved. */
  readonly approvals?: ApprovalDesk
  readonly environments?: Readonly<Record<string, PromotionEnvironment>>
  /**
   * The smoke tests of `policy.smokeTests`: run when it is promoted, or attested by a person with {@link Promotion.attest}. One
   * that is not named here is to be attested.
   */
  readonly checks?: Readonly<Record<string, PromotionCheck | 'attested'>>
  /** How long a check may take. Default: `policy.rolling.healthTimeoutMs`. */
  readonly checkLimitMs?: number
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** One thing that is asked for before a change may go on. */
export interface Requirement extends Finding {
  readonly name: PromotionRequirement
  /** The requirements of the policy that it serves, such as `P9`. */
  readonly reference: string
}

/** How far a flag is in one environment, and what it would take to come here. */
export interface EnvironmentStatus {
  readonly environment: string
  /** The phase of its rollout there; `none` where there was none. */
  readonly phase: RolloutState['phase'] | 'none'
  readonly state?: RolloutState
  readonly requirements: readonly Requirement[]
  /** Everything is met that is asked for. */
  readonly isReady: boolean
}

/** A change on its way through the environments. */
export interface Promotion {
  /**
   * How far it is, in the policy's order, by what this process knows. Checks that are functions are shown as they came out
   * when they ran last in this process.
   */
  status(): readonly EnvironmentStatus[]
  /** What approval is asked for so that it may come to an environment. @throws SluiceError `unknown_environment`. */
  subjectOf(environment: string): ApprovalSubject
  /**
   * Says that a smoke test passed, or where the rollback plan or the runbook stands. It counts for the change that is in the
   * environment before now: a new rollout there asks for it anew.
   *
   * @param name One of `policy.smokeTests`, or `rollback_plan`, `runbook`; those two need a link or a place as `evidence`.
   * @throws SluiceError `unknown_attestation`, `unknown_environment`, `invalid_order`, `already_ticked`.
   */
  attest(to: string, name: string, order: TickOrder): Promise<void>
  /**
   * Runs the checks and starts the rollout in the next environment. Asked again while it is there, it answers it as it stands.
   *
   * @returns The rollout's state there.
   * @throws SluiceError `out_of_order` for an environment that is not the next one; `unknown_environment`; `not_ready` with
   * what is missing; whatever the start is refused for.
   */
  promote(step: { readonly from: string; readonly to: string }, order: Order): Promise<RolloutState>
}
