import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyGuard, tickOf } from './guard-sets.fixture.ts'
import { createGuardSet, custom, errorRate, type Guard, replay, type Tick } from './index.ts'

/** What stands in a file in place of a number, a list or an object. */
const rubbish = [null, 'x', '5', -1, Number.NaN, Infinity, 1e300, 5n, {}, [], () => 1]

/** Where a tick may be damaged. */
const damages: readonly ((tick: Tick, value: never) => void)[] = [
  (tick, value) => Object.assign(tick, { at: value }),
  (tick, value) => Object.assign(tick, { stable: value }),
  (tick, value) => Object.assign(tick, { canary: value }),
  (tick, value) => Object.assign(tick, { processes: value }),
  (tick, value) => Object.assign(tick, { calibration: value }),
  (tick, value) => Object.assign(tick, { canaryShare: value }),
  (tick, value) => Object.assign(tick.canary, { requests: value }),
  (tick, value) => Object.assign(tick.canary, { errors: value }),
  (tick, value) => Object.assign(tick.canary, { latency: value }),
  (tick, value) => Object.assign(tick.canary, { failedUnits: value }),
  (tick, value) => Object.assign(tick.canary, { units: value }),
  (tick, value) => Object.assign(tick.canary, { series: value }),
  (tick, value) => Object.assign(tick.canary, { series: { signup: value } }),
  (tick, value) => Object.assign(tick.canary, { series: { signup: { count: value } } }),
  (tick, value) => Object.assign(tick.canary, { series: { signup: { count: 1, values: value } } }),
]

describe('a damaged tick', () => {
  it('never throws, and leaves no number that is none', () => {
    for (const damage of damages) {
      for (const value of rubbish) {
        const set = createGuardSet(everyGuard)
        set.observe(tickOf(1000))
        const tick = tickOf(2000)
        damage(tick, value as never)
        expect(() => set.observe(tick)).not.toThrow()
        for (const { evidence, evidenceLog, counts } of set.verdicts()) {
          const { canary, stable } = counts
          const numbers = [evidence, evidenceLog, ...[canary, stable].map((arm) => arm.requests)]
          expect(numbers.every(Number.isFinite)).toBe(true)
        }
      }
    }
  })

  it('is dropped whole where what is a number stands as text, or as nothing', () => {
    for (const bad of [
      { requests: '20' },
      { errors: null },
      { failedUnits: null },
      { units: null },
    ]) {
      const set = createGuardSet(everyGuard)
      const tick = tickOf(1000)
      Object.assign(tick.canary, bad)
      set.observe(tick)
      expect(set.dropped).toBe(1)
    }
  })

  it('may declare nothing at all', () => {
    const set = createGuardSet(everyGuard)
    set.observe({ ...tickOf(1000), declared: null as never })
    expect(set.findDemand()).toBeUndefined()
  })
})

describe('what one arm does not tell', () => {
  const judge = (guard: Guard, ticks: Tick[]) => replay(ticks, [guard]).verdicts[0]!
  const seconds = Array.from({ length: 120 }, (_, second) => (second + 1) * 1000)

  it('is not counted as none: no event of a series that nobody counts there', () => {
    const ticks = seconds.map((at) => {
      const tick = tickOf(at)
      delete tick.canary.series
      return tick
    })
    for (const better of ['higher', 'lower'] as const) {
      const verdict = judge(custom({ series: 'signup', better }), ticks)
      expect(verdict).toMatchObject({ outcome: 'inconclusive', evidenceLog: 0 })
    }
  })

  it('is not counted otherwise than in the other: a burst is one in both arms, or many in both', () => {
    // Every tenth second a user of each arm fails, and retries ten times; the canary's processes know no users.
    const ticks = seconds.map((at, second) => {
      const errors = second % 10 === 0 ? 10 : 0
      const tick = tickOf(at, {
        canary: 200,
        stable: 200,
        canaryErrors: errors,
        stableErrors: errors,
      })
      tick.stable.failedUnits = errors / 10
      return tick
    })
    expect(judge(errorRate(), ticks).estimate).toBe(1)
  })

  it('is the same for a series with the name of what every object has', () => {
    const ticks = seconds.map((at) => tickOf(at))
    for (const of of ['count', 'value'] as const) {
      const verdict = judge(custom({ series: 'constructor', better: 'lower', of }), ticks)
      expect(verdict).toMatchObject({ outcome: 'inconclusive', evidenceLog: 0 })
    }
  })

  it('gives no ratio: nothing in the stable arm, where more is better', () => {
    const ticks = seconds.map((at) => tickOf(at, { canarySignups: 1, stableSignups: 0 }))
    const verdict = judge(custom({ series: 'signup', better: 'higher' }), ticks)
    expect(verdict.outcome).toBe('pass')
    expect(verdict.estimate).toBeUndefined()
  })
})

describe('verdicts', () => {
  it('are JSON without loss, whatever was counted', () => {
    const count = fc.oneof(fc.nat(30), fc.constantFrom(0, 1, 1e6))
    const second = fc.record({
      canary: fc.nat(30),
      stable: fc.nat(30),
      canarySignups: count,
      stableSignups: count,
      allFail: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(second, { maxLength: 30 }), (list) => {
        const set = createGuardSet(everyGuard)
        list.forEach(({ allFail, ...each }, index) => {
          const tick = tickOf((index + 1) * 2000, each)
          if (allFail) {
            tick.canary.errors = tick.canary.requests
            tick.stable.errors = tick.stable.requests
          }
          set.observe(tick)
        })
        // JSON has no NaN and no Infinity: they would come back as null.
        expect(JSON.stringify(set.verdicts())).not.toContain('null')
      }),
      { numRuns: 40 },
    )
  })
})
