import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyGuard, type Second, tickOf } from './guard-sets.fixture.ts'
import {
  createGuardSet,
  custom,
  errorRate,
  type GuardCheckpoint,
  latency,
  maxErrorRate,
} from './index.ts'

const second: fc.Arbitrary<Second> = fc.record(
  {
    canary: fc.nat(30),
    stable: fc.nat(60),
    slowdown: fc.constantFrom(1, 1.5, 3),
    canarySignups: fc.nat(4),
    stableSignups: fc.nat(9),
    canaryUnits: fc.nat(40),
    stableUnits: fc.nat(40),
  },
  { requiredKeys: [] },
)

/** Through JSON, as a log keeps it. */
function kept(checkpoint: GuardCheckpoint): GuardCheckpoint {
  return JSON.parse(JSON.stringify(checkpoint))
}

describe('a checkpoint', () => {
  it('is gone on from to the last bit, wherever it was taken', () => {
    fc.assert(
      fc.property(fc.array(second, { minLength: 2, maxLength: 60 }), fc.nat(), (seconds, at) => {
        const cut = 1 + (at % (seconds.length - 1))
        const ticks = seconds.map((each, index) => {
          const tick = tickOf((index + 1) * 1500, each)
          tick.canary.errors = Math.min(tick.canary.requests, index % 7)
          tick.stable.errors = Math.min(tick.stable.requests, index % 5)
          return tick
        })
        const whole = createGuardSet(everyGuard)
        const first = createGuardSet(everyGuard)
        for (const tick of ticks) whole.observe(tick)
        for (const tick of ticks.slice(0, cut)) first.observe(tick)
        const rest = createGuardSet(everyGuard, { from: kept(first.checkpoint()) })
        for (const tick of ticks.slice(cut)) rest.observe(tick)
        expect(rest.verdicts()).toEqual(whole.verdicts())
        expect(kept(rest.checkpoint())).toEqual(kept(whole.checkpoint()))
      }),
      { numRuns: 60 },
    )
  })

  it('holds a decision without a finite ratio as it is', () => {
    const guards = [custom({ series: 'signup', better: 'higher' })]
    const set = createGuardSet(guards)
    for (let at = 1; at <= 60; at++) set.observe(tickOf(at * 1000, { canarySignups: 0 }))
    expect(set.findDemand()).toBe('rollback')
    const next = createGuardSet(guards, { from: kept(set.checkpoint()) })
    expect(kept(next.checkpoint())).toEqual(kept(set.checkpoint()))
    expect(next.verdicts()).toEqual(set.verdicts())
  })

  it('is of one list of guards, by their names and in their order', () => {
    const named = (name: string) => errorRate({ name })
    const from = createGuardSet([named('a'), named('b')]).checkpoint()
    for (const guards of [
      [named('b'), named('a')],
      [named('a'), named('c')],
    ]) {
      expect(() => createGuardSet(guards, { from })).toThrow(
        expect.objectContaining({ code: 'invalid_checkpoint' }),
      )
    }
  })

  it('counts no tick twice that is in it already', () => {
    const guards = [errorRate()]
    const set = createGuardSet(guards)
    for (let at = 1; at <= 5; at++) set.observe(tickOf(at * 1000, { canaryErrors: 1 }))
    const next = createGuardSet(guards, { from: kept(set.checkpoint()) })
    for (let at = 1; at <= 5; at++) next.observe(tickOf(at * 1000, { canaryErrors: 1 }))
    expect(next.dropped).toBe(5)
    expect(next.verdicts()).toEqual(set.verdicts())
  })

  it('keeps what was decided, though the alpha that is left is smaller', () => {
    const set = createGuardSet([errorRate()])
    for (let at = 1; at <= 20; at++) set.observe(tickOf(at * 1000, { canaryErrors: 5 }))
    expect(set.findDemand()).toBe('rollback')
    const next = createGuardSet([errorRate()], { from: kept(set.checkpoint()), alpha: 1e-9 })
    expect(next.findDemand()).toBe('rollback')
    expect(next.verdicts()[0]).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
  })

  it('needs as much more evidence as its alpha is smaller', () => {
    const set = createGuardSet([errorRate()])
    set.observe(tickOf(1000, { canaryErrors: 2 }))
    const next = createGuardSet([errorRate()], { from: kept(set.checkpoint()), alpha: 0.001 })
    const [before, after] = [set.verdicts()[0]!, next.verdicts()[0]!]
    expect(after.evidenceLog).toBe(before.evidenceLog)
    expect(after.evidence / before.evidence).toBeCloseTo(Math.log(100) / Math.log(1000), 9)
  })

  it('is refused where it is damaged or of other guards', () => {
    const guards = [errorRate(), latency()]
    const set = createGuardSet(guards)
    set.observe(tickOf(1000))
    const good = kept(set.checkpoint())
    const [first, other] = good.guards
    const broken: unknown[] = [
      null,
      'x',
      { ...good, schema: 2 },
      { ...good, at: 'yesterday' },
      { ...good, at: 'NaN' },
      { ...good, at: 'Infinity' },
      JSON.parse(JSON.stringify(good).replace(/"stakes":\[[^,]+/, '"stakes":["NaN"')),
      { ...good, guards: [first] },
      { ...good, guards: [other, first] },
      { ...good, guards: [first, { ...other, state: {} }] },
      {
        ...good,
        guards: [{ ...first, state: { ...first?.state, wealth: { stakes: [1] } } }, other],
      },
    ]
    for (const from of broken) {
      expect(() => createGuardSet(guards, { from: from as never })).toThrow(
        expect.objectContaining({ code: 'invalid_checkpoint' }),
      )
    }
    expect(() => createGuardSet([maxErrorRate({ ratio: 0.1 })], { from: good })).toThrow(
      expect.objectContaining({ code: 'invalid_checkpoint' }),
    )
  })
})
