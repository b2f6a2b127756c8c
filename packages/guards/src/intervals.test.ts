import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/sim/random.ts'
import {
  createArmCounts,
  createGuardSet,
  custom,
  errorRate,
  type Guard,
  maxErrorRate,
  type Tick,
} from './index.ts'

type Random = ReturnType<typeof createRandom>

/** How many of a hundred intervals, of a minute each, hold the truth. */
function countHeld(guard: Guard, truth: number, draw: (random: Random) => Partial<Arms>): number {
  let held = 0
  for (let run = 0; run < 100; run++) {
    const random = createRandom(1000 + run)
    const set = createGuardSet([guard])
    for (let second = 1; second <= 60; second++) set.observe(tickOf(second * 1000, draw(random)))
    const [low, high] = set.verdicts()[0]!.interval!
    if (low <= truth && truth <= high) held++
  }
  return held
}

interface Arms {
  canaryErrors: number
  stableErrors: number
  canaryEvents: number
  stableEvents: number
}

/** A hundred requests on either arm. */
function tickOf(at: number, arms: Partial<Arms>): Tick {
  const arm = (errors = 0, count = 0) => ({
    ...createArmCounts(),
    ...{ requests: 100, errors, series: { event: { count } } },
  })
  return {
    at,
    canary: arm(arms.canaryErrors, arms.canaryEvents),
    stable: arm(arms.stableErrors, arms.stableEvents),
  }
}

describe('an interval holds the truth, of which it says 95 %,', () => {
  it('where errors are few, many, or nearly all', () => {
    for (const ratio of [0.01, 0.3, 0.9]) {
      const draw = (random: Random) => ({
        canaryErrors: random.binomial(100, ratio),
        stableErrors: random.binomial(100, ratio),
      })
      expect(countHeld(errorRate(), 1, draw)).toBeGreaterThanOrEqual(95)
      expect(countHeld(maxErrorRate({ ratio: 0.99 }), ratio, draw)).toBeGreaterThanOrEqual(95)
    }
  })

  it('where a request brings several events', () => {
    // A Poisson number of them, one a request on average.
    const events = (random: Random) => random.binomial(10_000, 0.01)
    const held = countHeld(custom({ series: 'event', better: 'higher' }), 1, (random) => ({
      canaryEvents: events(random),
      stableEvents: events(random),
    }))
    expect(held).toBeGreaterThanOrEqual(95)
  })

  it('where errors come ten at a time, and the guard knows', () => {
    const held = countHeld(errorRate({ clusterSize: 10 }), 1, (random) => ({
      canaryErrors: 10 * random.binomial(10, 0.02),
      stableErrors: 10 * random.binomial(10, 0.02),
    }))
    expect(held).toBeGreaterThanOrEqual(95)
  })
})

describe('an interval', () => {
  function judge(guard: Guard, arms: Partial<Arms>, seconds = 1) {
    const set = createGuardSet([guard])
    for (let second = 1; second <= seconds; second++) set.observe(tickOf(second * 1000, arms))
    return set.verdicts()[0]!
  }

  it('is no certainty where every request failed', () => {
    const [low, high] = judge(errorRate(), { canaryErrors: 100, stableErrors: 100 }).interval!
    expect(low).toBeGreaterThan(0.9)
    expect(low).toBeLessThan(0.98)
    expect(high).toBeCloseTo(1 / low, 9)
    const set = createGuardSet([maxErrorRate({ ratio: 0.5 })])
    const few = tickOf(1000, { canaryErrors: 2 })
    few.canary.requests = 2
    set.observe(few)
    expect(set.verdicts()[0]!.interval![0]).toBeLessThan(0.5)
  })

  it('is as wide as two dozen errors make it, and not wider than a factor of two either way', () => {
    const arms = { canaryErrors: 1, stableErrors: 10 }
    const [low, high] = judge(maxErrorRate({ ratio: 0.5 }), arms, 24).interval!
    expect(high / low).toBeLessThan(5)
    expect(low).toBeLessThan(0.01)
    expect(high).toBeGreaterThan(0.01)
  })
})

describe('a proof', () => {
  it('needs ten times as many errors where they come ten at a time', () => {
    const prove = (clusterSize: number, seconds: number) => {
      const set = createGuardSet([errorRate({ clusterSize })])
      for (let second = 1; second <= seconds; second++) {
        set.observe(tickOf(second * 1000, { canaryErrors: 10, stableErrors: 10 }))
      }
      return set.verdicts()[0]!.provenMargin
    }
    expect(prove(1, 20)).toBe(prove(10, 200))
    expect(prove(1, 200)).toBeLessThan(prove(10, 200)!)
  })
})
