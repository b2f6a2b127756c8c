import { canary, type RolloutState } from '@sluice/sdk'
import type { PlannedAct } from './act.ts'
import { settings } from './settings.ts'

/** One request in so many fails without a regression: enough to tell small ones apart in a minute. */
const baselineFailEvery = 25

/** Stages long enough for a regression of twice the errors to be found in them. */
const plan = canary({
  stages: [
    { rolloutPercent: 5, monitorMs: 10_000 },
    { rolloutPercent: 25, monitorMs: 25_000 },
    { rolloutPercent: 50, monitorMs: 40_000 },
    { rolloutPercent: 100, monitorMs: 5_000 },
  ],
  minHoldMs: 1_000,
  verifyQuietMs: 2_000,
  verifyLimitMs: 10_000,
})

/** An act whose canary fails so many times as often, and what the forecast says of it. */
export interface Regression {
  readonly act: PlannedAct
  /** Told before the act. */
  readonly forecast: string
  /** What came of it, beside what was said. */
  compare(state: RolloutState | undefined): string
}

/**
 * Prepares a canary that fails `ratio` times as often as the version in service.
 *
 * @param ratio 1 … 20; 1 is a healthy canary.
 */
export function planRegression(ratio: number): Regression {
  if (!(ratio >= 1 && ratio <= 20)) throw new Error(`--regression takes 1 … 20, not ${ratio}`)
  const { stages, toText } = plan.forecast({
    requestsPerSecond: settings.requestsPerSecond,
    baselineErrorRatio: 1 / baselineFailEvery,
    guards: settings.guards,
  })
  const found = stages.find(
    ({ errors }) => errors !== undefined && errors.smallestRatioFound <= ratio,
  )
  const promise =
    found === undefined
      ? `Nothing is promised of ${ratio} times the errors: no stage is long enough to find it 95 times in 100.`
      : `${ratio} times the errors: found at ${found.rolloutPercent} % at the latest, 95 times in 100.`
  return {
    act: {
      title: `A canary with ${ratio} times the errors`,
      flag: 'newPayment',
      stableFailEvery: baselineFailEvery,
      canaryFailEvery: baselineFailEvery / ratio,
      plan,
      limitMs: 240_000,
      mustEnd: ratio === 1 ? 'completed' : found === undefined ? 'any' : 'rolled_back',
    },
    forecast: `${toText()}\n${promise}\n`,
    compare(state) {
      if (state?.phase !== 'rolled_back') return `${promise} It is ${state?.phase ?? 'not over'}.`
      const { fromStage, decidedAt } = state.rollback
      const stage = stages[fromStage]
      const expected = stage?.errors?.secondsToFind[ratio]
      const seconds = Math.round((decidedAt - state.startedAt) / 1000)
      const found = `It was found at ${stage?.rolloutPercent} %, ${seconds} s after the start`
      return `${promise} ${found}${expected === undefined ? '' : `; at ${stage?.rolloutPercent} % alone it takes ${Math.round(expected)} s on average`}.`
    },
  }
}
