import { errorRate, latency } from '@sluice/guards'
import { describe, expect, it } from 'vitest'
import { computeBound } from './bound.ts'
import { createRandom } from './random.ts'
import { checkFew, checkSoon } from './row.ts'
import { detection } from './rows/detection.ts'
import { falseRollbacks } from './rows/false-rollbacks.ts'
import { slowness } from './rows/slowness.ts'
import { drawLatencies, drawTick } from './traffic.ts'
import { type Scenario, simulate, watchWith } from './watch.ts'

const HOUR = 3600
const seconds = { requests: 200, canaryShare: 0.05, stableErrorRatio: 0.01 }

/** The canary fails `ratio` times as often as the stable arm from `onset` on. */
function describeErrors(ratio: number, runs: number, onset = 0): Scenario {
  return {
    runs,
    onset,
    seed: 1,
    seconds: ratio === 1 ? HOUR : 2 * HOUR,
    draw(tick, second, random) {
      const canaryErrorRatio = second < onset ? 0.01 : 0.01 * ratio
      drawTick(tick, { ...seconds, canaryErrorRatio }, random)
    },
  }
}

const guardErrors = () => watchWith([errorRate()])

// A small, seeded part of `npm run sim`: it cannot fail by chance.
describe('the promise of the guards', () => {
  it('is kept: at most 1 % of healthy canaries is rolled back, looking every second for an hour', () => {
    expect(simulate(describeErrors(1, 100), guardErrors).alarms).toBeLessThanOrEqual(1)
  })

  it('is not bought with blindness: bad canaries are found as fast as the reference says', () => {
    expect(simulate(describeErrors(2, 200), guardErrors).meanSeconds).toBeLessThan(266 * 1.15)
    expect(simulate(describeErrors(3, 200), guardErrors).meanSeconds).toBeLessThan(68 * 1.15)
    expect(simulate(describeErrors(10, 200), guardErrors).meanSeconds).toBeLessThan(6.8 * 1.15)
  })

  it('holds for trouble that begins late: found in 15 s after half an hour of health', () => {
    const late = simulate(describeErrors(10, 100, HOUR / 2), guardErrors)
    expect(late.alarms).toBe(100)
    expect(late.meanSeconds).toBeLessThan(15)
  })

  it('holds for latency', () => {
    const describeLatency = (slowdown: number): Scenario => ({
      ...describeErrors(1, 10),
      seconds: HOUR / 6,
      draw(tick, _, random) {
        drawTick(tick, { ...seconds, canaryErrorRatio: 0.01 }, random)
        drawLatencies(tick, slowdown, random)
      },
    })
    const guardLatency = () => watchWith([latency()])
    expect(simulate(describeLatency(1), guardLatency).alarms).toBe(0)
    const slow = simulate(describeLatency(3), guardLatency)
    expect(slow.alarms).toBe(10)
    expect(slow.meanSeconds).toBeLessThan(20)
  })
})

describe('every row of the tables', () => {
  const rows = [...falseRollbacks, ...detection, ...slowness]

  it.each(rows.map((row) => [`${row.group}: ${row.name}`, row] as const))(
    'keeps its number, in ten runs: %s',
    (_name, row) => {
      expect(row.run({ runs: 10, seed: 1 }).broken).toBeUndefined()
    },
  )

  it('would say so if it did not', () => {
    const outcome = { runs: 100, alarms: 6, earlyAlarms: 0, meanSeconds: 30, errorSeconds: 1 }
    expect(checkFew(outcome).broken).toBe('6.00 % false rollbacks')
    expect(checkFew({ ...outcome, alarms: 1 }).broken).toBeUndefined()
    expect(checkSoon({ ...outcome, alarms: 100 }, 27).broken).toBe('30.0 s, more than 27.0 s')
    expect(checkSoon({ ...outcome, alarms: 100 }, 29).broken).toBeUndefined()
    // A mean over the detected runs alone would flatter.
    expect(checkSoon(outcome, 1000).broken).toContain('in 6 of 100')
  })
})

describe('the simulation', () => {
  it('draws binomial counts with the right mean and variance', () => {
    const random = createRandom(3)
    for (const [trials, probability] of [
      [10, 0.01],
      [190, 0.3],
      [50, 0.9],
      [5000, 0.02],
    ] as const) {
      const draws = Array.from({ length: 20_000 }, () => random.binomial(trials, probability))
      const mean = draws.reduce((sum, hits) => sum + hits) / draws.length
      const variance = draws.reduce((sum, hits) => sum + (hits - mean) ** 2, 0) / draws.length
      const expected = trials * probability * (1 - probability)
      expect(Math.abs(mean - trials * probability)).toBeLessThan(5 * Math.sqrt(expected / 20_000))
      expect(Math.abs(variance / expected - 1)).toBeLessThan(0.1)
    }
  })
})

describe('the bound', () => {
  it('is the one in the literature', () => {
    // Source: the reference's table for 5 % of 200 requests/s at 1 % errors.
    const bounds = [1.6, 2, 3, 10].map((ratio) =>
      computeBound({
        ...{ canaryRequests: 10, stableRequests: 190, errorRatio: 0.01, ratio },
        ...{ marginRatio: 1.1, alpha: 0.01 },
      }),
    )
    for (const [index, expected] of [487, 165, 44.3, 3.9].entries()) {
      expect((bounds[index] as number) / expected).toBeCloseTo(1, 2)
    }
  })
})
