import {
  createGuardSet,
  createHealthRecorder,
  createTicker,
  custom,
  errorRate,
  maxErrorRate,
} from '@sluice/guards'
import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'
import { describeBursts, describeErrors, describeSticky, HOUR, usual } from './scenarios.ts'
import { createTick, drawTick } from './traffic.ts'
import { type Scenario, simulate, watchForAnyFailure, watchWith } from './watch.ts'

// What each safeguard of the statistics is for: take one away, and the test of its name fails.

const guardErrors = () => watchWith([errorRate()])
const terms = (runs: number) => ({ runs, seed: 1 })

describe('restarts', () => {
  it('find trouble that begins after half an hour of health in fifteen seconds', () => {
    const late = simulate(describeErrors(terms(60), 0.01, 10, { onset: HOUR / 2 }), guardErrors)
    expect(late.alarms).toBe(60)
    expect(late.meanSeconds).toBeLessThan(15)
  })
})

describe('the Mantel–Haenszel ratio', () => {
  /** The share goes from 1 to 50 % while everybody fails ever more often. */
  const move: Scenario = {
    ...terms(20),
    seconds: HOUR,
    draw(tick, second, random) {
      const progress = second / HOUR
      const stableErrorRatio = 0.005 + 0.015 * progress
      const arms = { stableErrorRatio, canaryErrorRatio: stableErrorRatio }
      drawTick(tick, { ...usual, canaryShare: 0.01 + 0.49 * progress, ...arms }, random)
    },
  }

  it('sees no difference where only the split and the rate move together', () => {
    const estimates: number[] = []
    const guard = () => {
      const set = createGuardSet([errorRate()])
      return {
        observe: set.observe,
        findAlarmAt: () => undefined,
        readProvenMargin: () => set.verdicts()[0]?.estimate,
      }
    }
    simulate(move, guard, ({ readProvenMargin }) =>
      estimates.push(readProvenMargin?.() ?? Number.NaN),
    )
    const mean = estimates.reduce((sum, estimate) => sum + estimate) / estimates.length
    expect(mean).toBeGreaterThan(0.95)
    expect(mean).toBeLessThan(1.05)
  })

  it('rolls back a canary that turns bad when the split rises and the rate falls', () => {
    const onset = HOUR / 3
    const turn: Scenario = {
      ...terms(20),
      onset,
      seconds: HOUR,
      draw(tick, second, random) {
        const isBad = second >= onset
        const stableErrorRatio = isBad ? 0.005 : 0.05
        const canaryErrorRatio = isBad ? 2 * stableErrorRatio : stableErrorRatio
        const canaryShare = isBad ? 0.5 : 0.05
        drawTick(tick, { ...usual, canaryShare, stableErrorRatio, canaryErrorRatio }, random)
      },
    }
    // By totals it would look half as bad as stable for ever.
    expect(simulate(turn, guardErrors).alarms).toBe(20)
  })
})

describe('counting a retrying user once', () => {
  it('keeps bursts of retries from rolling back a healthy canary', () => {
    expect(simulate(describeBursts(terms(20), false), guardErrors).alarms).toBeGreaterThan(10)
    expect(simulate(describeBursts(terms(60), true), guardErrors).alarms).toBeLessThanOrEqual(1)
  })

  it('is done by the recorder, from the first request to the verdict', () => {
    const random = createRandom(5)
    let alarms = 0
    for (let run = 0; run < 10; run++) {
      let now = 0
      const recorder = createHealthRecorder({ now: () => now })
      const ticker = createTicker()
      const set = createGuardSet([errorRate()])
      set.observe(ticker.next(recorder.read(), now))
      for (let second = 1; second <= 600; second++) {
        for (let request = 0; request < 60; request++) {
          const arm = request % 5 === 0 ? 'canary' : 'stable'
          const user = `${second}/${request}`
          const attempts = random.uniform() < 0.01 ? 10 : 0
          for (let attempt = 0; attempt < attempts; attempt++) recorder.record(arm, false, 20, user)
          if (attempts === 0) recorder.record(arm, true, 20, user)
        }
        now += 1000
        set.observe(ticker.next(recorder.read(), now))
      }
      if (set.verdicts()[0]?.outcome === 'fail') alarms++
    }
    expect(alarms).toBe(0)
  })
})

describe('calibration', () => {
  it('keeps unequal users from rolling back a healthy canary that keeps them', () => {
    const raw = simulate(describeSticky(terms(60), 2_000, false), guardErrors)
    const calibrated = simulate(describeSticky(terms(60), 2_000, true), guardErrors)
    expect(raw.alarms).toBeGreaterThan(4)
    expect(calibrated.alarms).toBeLessThanOrEqual(1)
  })
})

describe('splitting alpha', () => {
  const names = Array.from({ length: 12 }, (_, index) => `series ${index}`)

  /** Twelve things that the application counts, each on the very edge of what is allowed. */
  const edge: Scenario = {
    ...terms(30),
    seconds: HOUR,
    draw(tick, _, random) {
      drawTick(tick, { ...usual, stableErrorRatio: 0, canaryErrorRatio: 0 }, random)
      const count = (requests: number, ratio: number) =>
        Object.fromEntries(names.map((name) => [name, { count: random.binomial(requests, ratio) }]))
      tick.canary.series = count(tick.canary.requests, 0.011)
      tick.stable.series = count(tick.stable.requests, 0.01)
    },
  }

  it('keeps many guards within the promise of one', () => {
    const alpha = 0.1
    const guards = names.map((name) => custom({ name, series: name, better: 'lower' }))
    const { alarms } = simulate(edge, () => watchForAnyFailure(guards, alpha))
    expect(alarms).toBeLessThanOrEqual(alpha * 30)
  })

  it('asks each of four guards for four times the money', () => {
    const limits = ['a', 'b', 'c'].map((name) => maxErrorRate({ name, ratio: 0.5 }))
    const alone = createGuardSet([errorRate()])
    const shared = createGuardSet([errorRate(), ...limits])
    const tick = createTick()
    const random = createRandom(3)
    for (let second = 0; second < 20; second++) {
      drawTick(tick, { ...usual, stableErrorRatio: 0.01, canaryErrorRatio: 0.03 }, random)
      alone.observe(tick)
      shared.observe(tick)
    }
    const [own, split] = [alone, shared].map((set) => set.verdicts()[0]?.evidence ?? Number.NaN)
    expect(own).toBeGreaterThan(0.1)
    expect((split as number) / (own as number)).toBeCloseTo(Math.log(100) / Math.log(400), 9)
  })
})

describe('cumulative counters', () => {
  it('are read late, twice or not at all, and every request is still judged once', () => {
    let alarms = 0
    for (let run = 0; run < 10; run++) {
      const random = createRandom(run)
      const ticker = createTicker()
      const set = createGuardSet([errorRate()])
      const tick = createTick()
      const totals = createTick()
      set.observe(ticker.next(totals, 0))
      for (let second = 1; second <= 1200; second++) {
        drawTick(tick, { ...usual, stableErrorRatio: 0.01, canaryErrorRatio: 0.01 }, random)
        for (const arm of ['stable', 'canary'] as const) {
          totals[arm].requests += tick[arm].requests
          totals[arm].errors += tick[arm].errors
        }
        const reads = second === 1200 ? 1 : Math.floor(3 * random.uniform())
        for (let read = 0; read < reads; read++) {
          set.observe(ticker.next(totals, 1000 * second + read))
        }
      }
      const [verdict] = set.verdicts()
      expect(verdict?.counts.canary).toMatchObject({
        requests: totals.canary.requests,
        errors: totals.canary.errors,
      })
      if (verdict?.outcome === 'fail') alarms++
    }
    expect(alarms).toBe(0)
  })
})
