import type { Verdict } from '@sluice/guards'
import type { ApprovalView, RolloutState } from '@sluice/rollout'
import type { Commit } from '@sluice/stores'

/** One arm over the last seconds. */
export interface ArmRates {
  readonly requestsPerSecond: number
  /** 0–1; undefined without a request. */
  readonly errorRatio: number | undefined
  readonly p95Ms: number | undefined
}

/** What both arms did lately, as their processes tell it. */
export interface LiveRates {
  readonly stable: ArmRates
  readonly canary: ArmRates
  /** How many processes tell. */
  readonly processes: number
}

/** What the guards said, and how fresh that is. */
export interface GuardsView {
  readonly verdicts: readonly Verdict[]
  /** `live`: of this second, from the process that looks. `log`: of the last evidence that was kept. */
  readonly from: 'live' | 'log'
  /** When, epoch ms. */
  readonly at: number
}

/** A rollout as it is shown. */
export interface RolloutView {
  readonly state: RolloutState
  /** Epoch ms. */
  readonly now: number
  /** For how long the present stage was observed, in ms, as far as it is known here. */
  readonly observedMs: number
  /** Undefined where no process tells, or none has told for long enough yet. */
  readonly rates: LiveRates | undefined
  readonly guards: GuardsView | undefined
  /** Who looks at it; undefined where nobody can know, for want of an exchange. */
  readonly onDuty: readonly string[] | undefined
  /** Requests for its next stage that are open, or approved and not used yet. */
  readonly approvals: readonly ApprovalView[]
  /** The last things that happened, oldest first. */
  readonly events: readonly Commit[]
  /** What keeps the view from being of now: a store that does not answer. */
  readonly trouble: string | undefined
}
