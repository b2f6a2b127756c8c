import type { Plan } from '../plan/plan.ts'
import { forecastErrors } from './error-forecast.ts'
import { sayForecast } from './forecast-text.ts'
import { forecastLatency } from './latency-forecast.ts'
import type { RatioForecast } from './ratio-forecast.ts'
import { divideTraffic, type StageTraffic } from './stage-traffic.ts'
import { type CheckedTraffic, checkTraffic, type ForecastTraffic } from './traffic.ts'

/** What one stage of a plan will find and prove, before it starts. */
export interface StageForecast {
  readonly rolloutPercent: number
  readonly monitorMs: number
  /** At 100 % no stable arm is left to compare with: only absolute guards see. */
  readonly isBlind: boolean
  /** Of the first error-rate guard; undefined where there is none. */
  readonly errors?: RatioForecast
  /** Of the first latency guard, where a p95 was given. */
  readonly latency?: RatioForecast
}

/** What a plan will find and prove on given traffic. */
export interface Forecast {
  readonly stages: readonly StageForecast[]
  /** A table for people. */
  toText(): string
}

/**
 * Says, before anything starts, what a plan's guards will find, how soon, and what they can prove.
 *
 * Each stage is looked at by itself: trouble begins with it, and money was placed on trouble since the first stage began.
 * Requests are taken to come evenly and to fail independently, and evidence to be kept from stage to stage.
 * It is calculated, not simulated, in a few milliseconds; times are within 25 % of what `npm run sim` measures.
 *
 * @throws SluiceError `invalid_option` where a rate is not above 0, or no number.
 */
export function forecast(plan: Plan, traffic: ForecastTraffic): Forecast {
  const checked = checkTraffic(traffic)
  const divided = divideTraffic(plan, checked.requestsPerSecond)
  const stages = plan.stages.map(({ rolloutPercent, monitorMs }, index) => {
    const stage = divided[index] as StageTraffic
    return { rolloutPercent, monitorMs, isBlind: stage.isBlind, ...forecastStage(stage, checked) }
  })
  return { stages, toText: () => sayForecast(stages, traffic) }
}

function forecastStage(
  stage: StageTraffic,
  { guards, baselineErrorRatio, baselineP95Ms }: CheckedTraffic,
): Pick<StageForecast, 'errors' | 'latency'> {
  let errors: RatioForecast | undefined
  let latency: RatioForecast | undefined
  for (const { guard, alpha } of guards) {
    if (guard.kind === 'error_rate') {
      errors ??= forecastErrors(guard, alpha, stage, baselineErrorRatio)
    } else if (guard.kind === 'latency' && baselineP95Ms !== undefined) {
      latency ??= forecastLatency(guard, alpha, stage)
    }
  }
  return {
    ...(errors === undefined ? {} : { errors }),
    ...(latency === undefined ? {} : { latency }),
  }
}
