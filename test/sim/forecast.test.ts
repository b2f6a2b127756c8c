import { latency } from '@sluice/guards'
import { canary, shareOfAlpha } from '@sluice/rollout'
import { describe, expect, it } from 'vitest'
import { forecastCase, leastFound, playCase, timeTolerance } from './rows/forecasts.ts'
import { describeLatency, HOUR } from './scenarios.ts'
import { simulate, watchWith } from './watch.ts'

const first = { enteredSeconds: 0, stageSeconds: HOUR }
const second = { enteredSeconds: HOUR / 6, stageSeconds: HOUR / 6 }

/** From a small service to a large one, few errors to many, a first share to half of the traffic. */
const cases = [
  { requests: 20, errorRatio: 0.05, canaryShare: 0.05, ...first },
  { requests: 200, errorRatio: 0.01, canaryShare: 0.05, ...first },
  { requests: 200, errorRatio: 0.001, canaryShare: 0.25, ...first },
  { requests: 200, errorRatio: 0.01, canaryShare: 0.25, ...second },
  { requests: 2000, errorRatio: 0.005, canaryShare: 0.01, ...second },
] as const

// A small, seeded part of `npm run sim -- --only forecast`: it cannot fail by chance.
describe.each(cases)(
  'the forecast for $requests/s, $errorRatio errors, a share of $canaryShare from $enteredSeconds s on',
  (given) => {
    const { secondsToFind, smallestRatioFound } = forecastCase(given)

    it('knows within a quarter how long it takes to find 3 × and 10 ×', () => {
      for (const ratio of [3, 10]) {
        const { meanSeconds, errorSeconds } = playCase(given, ratio, { runs: 150, seed: 2 })
        const expected = secondsToFind[ratio] ?? Number.NaN
        const wrong = Math.abs(expected - meanSeconds)
        expect(wrong).toBeLessThan(timeTolerance * meanSeconds + errorSeconds)
      }
    })

    it('finds the smallest ratio it names nineteen times in twenty', () => {
      const played = playCase(given, smallestRatioFound, { runs: 150, seed: 3 }, given.stageSeconds)
      const share = played.alarms / (played.runs - played.earlyAlarms)
      expect(share).toBeGreaterThan(leastFound)
      expect(share).toBeLessThan(0.99)
    })
  },
)

describe('the forecast of latencies', () => {
  it('knows within a quarter how long it takes to find × 1.5, × 2 and × 3', () => {
    const guards = [latency()]
    const traffic = { requestsPerSecond: 200, baselineErrorRatio: 0.01, baselineP95Ms: 268 }
    const [stage] = canary().forecast({ ...traffic, guards }).stages
    for (const slowdown of [1.5, 2, 3]) {
      const scenario = describeLatency({ runs: 20, seed: 1 }, slowdown)
      const { meanSeconds } = simulate(scenario, () =>
        watchWith([latency({ rollbackRatio: 1.2 })], shareOfAlpha(0.01, 1)),
      )
      const expected = stage?.latency?.secondsToFind[slowdown] ?? Number.NaN
      expect(Math.abs(expected / meanSeconds - 1)).toBeLessThan(timeTolerance)
    }
  })
})
