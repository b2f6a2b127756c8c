import { type Forecast, forecast } from '../forecast/forecast.ts'
import type { ForecastTraffic } from '../forecast/traffic.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { withoutUndefined } from '../without-undefined.ts'
import { parsePlan } from './plan-schema.ts'

/** One step of a plan: the share of subjects on the canary, and how long it is watched there. */
export interface Stage {
  /** Percent of subjects, above 0 and at most 100. */
  readonly rolloutPercent: number
  /** Observed time at this share before the plan may go on, in milliseconds; above 0. */
  readonly monitorMs: number
  /** Names of the checks that must be open for this stage to be entered; the controller's option `gates` has them. */
  readonly gate?: readonly string[]
  /** A type of `policy.approvals.types`: the approval that is needed to enter this stage. */
  readonly approval?: string
}

/**
 * A rollout's course as plain data, so that it can be written into the log and resumed by any process.
 *
 * Make one with {@link canary}. All times are milliseconds.
 */
export interface Plan {
  /** `blue_green`: the canary is the arm that takes over. The limits of a canary's first stage are not for it. */
  readonly kind: 'canary' | 'blue_green'
  /** Rising shares; the last is 100. */
  readonly stages: readonly Stage[]
  /** What happens to a rollout that held for `holdLimitMs`: it stays (and says so), or goes back. */
  readonly onHoldLimit: 'stay' | 'roll_back'
  /** How long a rollout may hold. Default: no limit. */
  readonly holdLimitMs?: number
  /** How long a hold lasts at least, so that a guard at its threshold does not flap. */
  readonly minHoldMs: number
  /** A guard's pass on data older than this, or than the stage's `monitorMs`, counts for nothing. */
  readonly silenceLimitMs: number
  /** How long the canary must be without a request before a rollback counts as verified. */
  readonly verifyQuietMs: number
  /** How long the verification of a rollback may take before it is reported as an overrun. */
  readonly verifyLimitMs: number
  /** How long the decision may take from the moment a guard failed. */
  readonly decisionLimitMs: number
  /** How long it may take from the decision until the new exposure stands in the log. */
  readonly executionLimitMs: number
  /** How long a rollback may take from detection to verified. Absent in plans of earlier versions: no limit. */
  readonly totalLimitMs?: number
  /** Where given: allows a first stage in production above 5 percent, up to this one. */
  readonly maxFirstStagePercent?: number
}

/** A plan as {@link canary} makes it. Its method is not enumerable: as data it is a {@link Plan}. */
export interface CanaryPlan extends Plan {
  /**
   * Says, before anything starts, what the plan's guards will find on given traffic; see {@link forecast}.
   *
   * @throws SluiceError `invalid_option` where a rate is not above 0, or no number.
   */
  readonly forecast: (traffic: ForecastTraffic) => Forecast
}

/** What may be said about a canary plan; the policy has the rest. */
export interface CanaryOptions {
  /**
   * Rising shares that end at 100. Default `policy.canary.percents`: 5, 25, 50, 100.
   * A stage without its own `monitorMs` takes the plan's.
   */
  readonly stages?: readonly (Omit<Stage, 'monitorMs'> & { readonly monitorMs?: number })[]
  /** For every stage that names none. Default `policy.canary.monitorMs`, and `lastMonitorMs` for the last stage. */
  readonly monitorMs?: number
  /** Default `policy.canary.holdLimitMs`: no limit. */
  readonly holdLimitMs?: number
  /** Default `policy.canary.onHoldLimit`: `stay`. */
  readonly onHoldLimit?: 'stay' | 'roll_back'
  /** Default 30 seconds. */
  readonly minHoldMs?: number
  /** Default 1 minute. */
  readonly silenceLimitMs?: number
  /** Default 3 seconds. */
  readonly verifyQuietMs?: number
  /** Default `policy.rollback.verificationMs`: 3 minutes. */
  readonly verifyLimitMs?: number
  /** Default `policy.rollback.decisionMs`: 2 minutes. */
  readonly decisionLimitMs?: number
  /** Default `policy.rollback.executionMs`: 5 minutes. */
  readonly executionLimitMs?: number
  /** Default `policy.rollback.totalMs`: 10 minutes. */
  readonly totalLimitMs?: number
  /** Allows a larger first stage in production. Default: `policy.canary.maxFirstPercent` is the most. */
  readonly maxFirstStagePercent?: number
}

// Of the machine, not of the deployment policy: how it looks, not what was agreed.
const secondMs = 1_000
/** Long beside a look a second, short beside a stage: at most four commits a minute from flapping. */
const defaultMinHoldMs = 30 * secondMs
/** Guards compare the arms over at most a minute; a canary silent for longer is not being watched. */
const defaultSilenceLimitMs = 60 * secondMs
/** Three silent looks a second: one alone may fall between two requests. */
const defaultVerifyQuietMs = 3 * secondMs

/**
 * A canary plan, by default the policy's: 5 → 25 → 50 → 100 percent with an hour at each share (P13) and 10 minutes
 * after the last (P17).
 *
 * @param policy Where every number comes from that the options do not name.
 * @returns Plain, frozen data.
 * @throws SluiceError `invalid_plan`, with the pointer, what was expected and what was found.
 */
export function canary(options: CanaryOptions = {}, policy: Policy = defaultPolicy): CanaryPlan {
  const { percents, lastMonitorMs, onHoldLimit, holdLimitMs } = policy.canary
  const { stages = percents.map(asStage), monitorMs, ...rest } = options
  const last = Array.isArray(stages) ? stages.length - 1 : 0
  const plan = parsePlan({
    kind: 'canary',
    onHoldLimit,
    ...(holdLimitMs === undefined ? {} : { holdLimitMs }),
    minHoldMs: defaultMinHoldMs,
    silenceLimitMs: defaultSilenceLimitMs,
    verifyQuietMs: defaultVerifyQuietMs,
    verifyLimitMs: policy.rollback.verificationMs,
    decisionLimitMs: policy.rollback.decisionMs,
    executionLimitMs: policy.rollback.executionMs,
    totalLimitMs: policy.rollback.totalMs,
    ...withoutUndefined(rest),
    stages: Array.isArray(stages) ? stages.map(withMonitorTime) : stages,
  })
  return withForecast(plan)

  function withMonitorTime(stage: unknown, index: number): unknown {
    if (typeof stage !== 'object' || stage === null) return stage
    const isLast = index === last && index > 0
    const fallbackMs = monitorMs ?? (isLast ? lastMonitorMs : policy.canary.monitorMs)
    return { monitorMs: fallbackMs, ...withoutUndefined(stage) }
  }
}

function withForecast(plan: Plan): CanaryPlan {
  const value = (traffic: ForecastTraffic) => forecast(plan, traffic)
  return Object.freeze(Object.defineProperty({ ...plan }, 'forecast', { value }) as CanaryPlan)
}

function asStage(rolloutPercent: number): { rolloutPercent: number } {
  return { rolloutPercent }
}
