import type { RetentionDays } from '@sluice/stores'
import type { HealthPolicy } from './health-policy.ts'

/**
 * The deployment policy as data. All `…Ms` are milliseconds, all `…Percent` 0–100, all `…Ratio` and shares 0–1 unless
 * said otherwise. Names of checks, roles and list entries are lower snake case.
 *
 * The numbers and where each comes from: `defaultPolicy`. Change them with `definePolicy`.
 */
export interface Policy {
  readonly flags: {
    /** P2: a new flag is off. Not a team's to change: it is what a definition means, which no policy is asked about. */
    readonly enabled: false
    /** P2: the percentage a new flag starts at; no more to change than `enabled`. */
    readonly rolloutPercent: 0
    /** P4: how long a flag may stand at 100 percent until it is due for removal. */
    readonly removeAfterMs: number
    /** P4: how long nobody may ask for a flag until it is reported. */
    readonly unaskedAfterMs: number
  }
  readonly environments: {
    /** P7: in the order in which a change passes them. */
    readonly order: readonly string[]
    /** P8: those in which a canary's first step is limited. */
    readonly production: readonly string[]
  }
  readonly canary: {
    /** P8, P13: rising, the last is 100. */
    readonly percents: readonly number[]
    /** P8: the least and the most a first step in production may be. */
    readonly minFirstPercent: number
    readonly maxFirstPercent: number
    /** P13: for each stage but the last. */
    readonly monitorMs: number
    /** P17: for the last stage. */
    readonly lastMonitorMs: number
    /** What happens to a rollout that held for `holdLimitMs`; without one it holds until someone decides. */
    readonly onHoldLimit: 'stay' | 'roll_back'
    readonly holdLimitMs?: number
  }
  readonly blueGreen: {
    /** P14: after the switch. */
    readonly monitorMs: number
    /** P14: left on blue while green is monitored, so that there is something to compare with. */
    readonly holdbackPercent: number
    readonly warmUpMs: number
  }
  readonly rolling: {
    /** P15: one instance first. */
    readonly firstBatch: number
    readonly batch: number
    readonly maxUnavailable: number
    readonly healthTimeoutMs: number
    /** How long an instance must stay healthy until the next batch begins. */
    readonly settleMs: number
  }
  readonly promotion: {
    /** P9: how long the environment before must have been healthy, observed. */
    readonly soakMs: number
    readonly requires: readonly PromotionRequirement[]
  }
  readonly approvals: {
    /** P12: the environments in which nothing goes up without approval. */
    readonly requiredIn: readonly string[]
    /** P10: by type of change. */
    readonly types: Readonly<Record<string, ApprovalType>>
    readonly expiresAfterMs: number
  }
  /** P17, P18, P19. */
  readonly health: HealthPolicy
  /** P21: the smoke tests a deployment names. */
  readonly smokeTests: readonly string[]
  readonly rollback: {
    /** P23: the timeline, each from the end of the one before; `totalMs` from detection to verified. */
    readonly decisionMs: number
    readonly executionMs: number
    readonly verificationMs: number
    readonly totalMs: number
    /** P22: where a rollback plan must have been tried. */
    readonly testedIn: string
    /** P24: what is to be done after a rollback, in order. */
    readonly afterwards: readonly string[]
  }
  readonly deployment: {
    /** P25: checks before a deployment, run or attested. */
    readonly checks: readonly string[]
    /** P26: where migrations go up, down and up again. */
    readonly rehearseMigrationsIn: readonly string[]
    /** P26: where the database is backed up first. */
    readonly backUpIn: readonly string[]
    /** P27. */
    readonly checklists: {
      readonly before: readonly string[]
      readonly during: readonly string[]
      readonly after: readonly string[]
    }
    /** P30: what starts a deployment, by environment. */
    readonly triggers: Readonly<Record<string, Trigger>>
  }
  /** P29: the fast track's clock. */
  readonly hotfix: {
    readonly fixMs: number
    readonly testingMs: number
    readonly approvalMs: number
    readonly deploymentMs: number
    readonly totalMs: number
    readonly postMortemMs: number
  }
  /** P35: in days. */
  readonly retentionDays: RetentionDays
  /** P36: the targets. */
  readonly dora: {
    readonly deploymentsPerDay: number
    readonly leadTimeMs: number
    readonly changeFailureRatio: number
    readonly recoveryMs: number
    readonly rollbackRatio: number
  }
  /** P37: recovery time objective, recovery point objective. */
  readonly recovery: { readonly objectiveMs: number; readonly pointMs: number }
}

/** What production asks for before a promotion (P9). */
export type PromotionRequirement =
  | 'healthy_soak'
  | 'smoke_tests'
  | 'approval'
  | 'rollback_plan'
  | 'runbook'

/** Who approves a type of change, and how long before it happens it must have been asked for (P10). */
export interface ApprovalType {
  /** How many people of which role; or everyone of the team, and nobody against it. */
  readonly approvers: 'everyone' | Readonly<Record<string, number>>
  readonly noticeMs: number
}

/** What starts a deployment (P30). */
export type Trigger = { readonly on: 'push'; readonly branch: string } | { readonly on: 'approval' }
