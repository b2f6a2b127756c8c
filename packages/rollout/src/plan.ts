import { type Forecast, forecast } from './forecast/forecast.ts'
import type { ForecastTraffic } from './forecast/traffic.ts'
import { parsePlan } from './plan-schema.ts'

/** One step of a plan: the share of subjects on the canary, and how long it is watched there. */
export interface Stage {
  /** Percent of subjects, above 0 and at most 100. */
  readonly rolloutPercent: number
  /** Observed time at this share before the plan may go on, in milliseconds; above 0. */
  readonly monitorMs: number
}

/**
 * A canary rollout as plain data, so that it can be written into the log and resumed by any process.
 *
 * Make one with {@link canary}. All times are milliseconds.
 */
export interface Plan {
  readonly kind: 'canary'
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

/** What may be said about a canary plan; everything has a default. */
export interface CanaryOptions {
  /**
   * Rising shares that end at 100. Default 5, 25, 50, 100.
   * A stage without its own `monitorMs` takes the plan's.
   */
  readonly stages?: readonly { readonly rolloutPercent: number; readonly monitorMs?: number }[]
  /** For every stage that names none. Default one hour, and 10 minutes for the last stage. */
  readonly monitorMs?: number
  /** Default: no limit. */
  readonly holdLimitMs?: number
  /** Default `stay`. */
  readonly onHoldLimit?: 'stay' | 'roll_back'
  /** Default 30 seconds. */
  readonly minHoldMs?: number
  /** Default 1 minute. */
  readonly silenceLimitMs?: number
  /** Default 3 seconds. */
  readonly verifyQuietMs?: number
  /** Default 3 minutes. */
  readonly verifyLimitMs?: number
  /** Default 2 minutes. */
  readonly decisionLimitMs?: number
  /** Default 5 minutes. */
  readonly executionLimitMs?: number
  /** Allows a larger first stage in production. Default: 5 percent is the most. */
  readonly maxFirstStagePercent?: number
}

const secondMs = 1_000
const minuteMs = 60 * secondMs

/** The shares of the deployment policy: canary, two partial steps, full (P8, P13). */
const defaultPercents = [5, 25, 50, 100]
/** The canary is monitored for an hour (P13). */
const defaultMonitorMs = 60 * minuteMs
/** After the last step the release is watched for the first 10 minutes (P17). */
const defaultLastMonitorMs = 10 * minuteMs
/** Long beside a look a second, short beside a stage: at most four commits a minute from flapping. */
const defaultMinHoldMs = 30 * secondMs
/** Guards compare the arms over at most a minute; a canary silent for longer is not being watched. */
const defaultSilenceLimitMs = 60 * secondMs
/** Three silent looks a second: one alone may fall between two requests. */
const defaultVerifyQuietMs = 3 * secondMs
/** The rollback timeline: decision, execution, verification (P23). */
const defaultDecisionLimitMs = 2 * minuteMs
const defaultExecutionLimitMs = 5 * minuteMs
const defaultVerifyLimitMs = 3 * minuteMs

/**
 * A canary plan: 5 → 25 → 50 → 100 percent with an hour at each share and 10 minutes after the last.
 *
 * @returns Plain, frozen data.
 * @throws SluiceError `invalid_plan`, with the pointer, what was expected and what was found.
 */
export function canary(options: CanaryOptions = {}): CanaryPlan {
  const { stages = defaultPercents.map(asStage), monitorMs, ...rest } = options
  const last = Array.isArray(stages) ? stages.length - 1 : 0
  const plan = parsePlan({
    kind: 'canary',
    onHoldLimit: 'stay',
    minHoldMs: defaultMinHoldMs,
    silenceLimitMs: defaultSilenceLimitMs,
    verifyQuietMs: defaultVerifyQuietMs,
    verifyLimitMs: defaultVerifyLimitMs,
    decisionLimitMs: defaultDecisionLimitMs,
    executionLimitMs: defaultExecutionLimitMs,
    ...withoutUndefined(rest),
    stages: Array.isArray(stages) ? stages.map(withMonitorTime) : stages,
  })
  return withForecast(plan)

  function withMonitorTime(stage: unknown, index: number): unknown {
    if (typeof stage !== 'object' || stage === null) return stage
    const fallbackMs =
      monitorMs ?? (index === last && index > 0 ? defaultLastMonitorMs : defaultMonitorMs)
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

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined))
}
