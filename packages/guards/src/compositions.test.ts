import { describe, expect, it } from 'vitest'
import { type Second, tickOf } from './guard-sets.fixture.ts'
import {
  all,
  any,
  createGuardSet,
  custom,
  declaration,
  errorRate,
  type Guard,
  latency,
  maxErrorRate,
  maxLatency,
  replay,
  sampleRatio,
  type Tick,
  type Verdict,
} from './index.ts'

function ticks(seconds: number, second: Second): Tick[] {
  return Array.from({ length: seconds }, (_, index) => tickOf((index + 1) * 1000, second))
}

function judge(guard: Guard, seconds: number, second: Second = {}): Verdict {
  return replay(ticks(seconds, second), [guard]).verdicts[0]!
}

describe('all', () => {
  const both = all([errorRate(), maxLatency({ ms: 5000 })])

  it('passes while all pass, and carries what each says', () => {
    const verdict = judge(both, 30)
    expect(verdict).toMatchObject({ guard: 'all', kind: 'all', outcome: 'pass' })
    expect(verdict.parts?.map(({ guard, outcome }) => `${guard} ${outcome}`)).toEqual([
      'error_rate pass',
      'max_latency pass',
    ])
  })

  it('fails as soon as one fails', () => {
    expect(judge(both, 30, { canaryErrors: 4 })).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
      because: expect.stringContaining('error_rate: '),
    })
  })

  it('asks for no more than it may', () => {
    const holding = all([errorRate()], { name: 'careful', consequence: 'hold' })
    expect(judge(holding, 30, { canaryErrors: 4 })).toMatchObject({
      guard: 'careful',
      outcome: 'fail',
      consequence: 'hold',
    })
    expect(replay(ticks(30, { canaryErrors: 4 }), [holding]).rollback).toBeUndefined()
  })

  it('decides when the first of its parts does, an any when the last does', () => {
    const limit = (name: string, ratio: number) => maxErrorRate({ name, ratio })
    const parts = [latency(), limit('a', 0.1), limit('b', 0.15)]
    const second = { canaryErrors: 5 }
    const seconds = (guard: Guard) => judge(guard, 3, second).secondsToDecision
    const [none, first, last] = parts.map(seconds) as [undefined, number, number]
    expect(none).toBeUndefined()
    expect(first).toBeLessThan(last)
    const alone = [parts[1]!, parts[2]!]
    expect(judge(any(alone), 3, second).secondsToDecision).toBe(last)
    expect(judge(any(parts), 3, second).secondsToDecision).toBeUndefined()
    const both = judge(all(parts), 3, second)
    const own = both.parts!.flatMap(({ secondsToDecision }) => secondsToDecision ?? [])
    expect(both.secondsToDecision).toBe(Math.min(...own))
  })

  it('splits its alpha over its parts', () => {
    const one = judge(all([errorRate()]), 1, { canaryErrors: 1 })
    const two = judge(all([errorRate(), maxErrorRate({ ratio: 0.5 })]), 1, { canaryErrors: 1 })
    expect(one.parts![0]!.evidence / two.parts![0]!.evidence).toBeCloseTo(
      Math.log(200) / Math.log(100),
      9,
    )
  })
})

describe('any', () => {
  const either = any([errorRate(), maxErrorRate({ ratio: 0.05 })])

  it('passes while one passes', () => {
    // Six times stable's errors, but within five percent.
    const verdict = judge(either, 120, { canary: 100, canaryErrors: 3, stableErrors: 2 })
    expect(verdict).toMatchObject({ outcome: 'pass' })
    expect(verdict.parts?.map(({ outcome }) => outcome)).toEqual(['fail', 'pass'])
  })

  it('fails when all have failed', () => {
    expect(judge(either, 60, { canaryErrors: 5 })).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
    })
  })

  it('gives each part the whole alpha: it fails only with the one that is healthy', () => {
    const alone = judge(errorRate(), 1, { canaryErrors: 1 })
    const verdict = judge(either, 1, { canaryErrors: 1 })
    expect(verdict.parts![0]!.evidence).toBe(alone.evidence)
  })
})

describe('custom', () => {
  const signups = custom({ series: 'signup', better: 'higher' })

  it('rolls back where what is good happens too seldom in the canary', () => {
    const verdict = judge(signups, 600, { canarySignups: 0.25 })
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
    expect(verdict.estimate).toBeCloseTo(0.25, 5)
    expect(verdict.because).toContain('canary signup are now 0.25 × stable')
    expect(verdict.because).toContain('less than 0.909 ×')
  })

  it('passes where it happens as often, or more often', () => {
    expect(judge(signups, 120)).toMatchObject({ outcome: 'pass' })
    expect(judge(signups, 120, { canarySignups: 3 })).toMatchObject({ outcome: 'pass' })
  })

  it('rolls back where what is bad happens too often', () => {
    const refunds = custom({ series: 'signup', better: 'lower' })
    expect(judge(refunds, 600, { canarySignups: 4 })).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
    })
    expect(judge(refunds, 600, { canarySignups: 0.25 })).toMatchObject({ outcome: 'pass' })
  })

  it('is inconclusive where the series is unknown', () => {
    const verdict = judge(custom({ series: 'refund', better: 'lower' }), 60)
    expect(verdict).toMatchObject({
      outcome: 'inconclusive',
      because: 'no refund counted on both arms at the same time yet',
    })
  })

  it('compares values by their size', () => {
    const basket = custom({ series: 'purchase', of: 'value', better: 'higher' })
    expect(judge(basket, 60)).toMatchObject({ outcome: 'pass' })
    const small = ticks(120, {})
    for (const { canary } of small) {
      const values = canary.series!.purchase!.values as Float64Array
      const all = values.reduce((sum, count) => sum + count, 0)
      values.fill(0)
      values[60] = all
    }
    expect(replay(small, [basket])).toMatchObject({ rollback: { guard: 'purchase' } })
  })
})

describe('sampleRatio', () => {
  it('passes where the units stand as configured', () => {
    expect(judge(sampleRatio(), 60)).toMatchObject({ outcome: 'pass', consequence: 'warn' })
  })

  it('warns where they do not, and never rolls back', () => {
    const verdict = judge(sampleRatio(), 120, { canaryUnits: 3 })
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'warn' })
    expect(verdict.because).toMatch(/13.6 % of .* units, it was to have 5 %: beyond chance/)
  })

  it('never stands in the way of a rollback', () => {
    const second = { canaryErrors: 5, canaryUnits: 9 }
    const { rollback } = replay(ticks(60, second), [
      sampleRatio({ consequence: 'hold' }),
      errorRate(),
    ])
    expect(rollback?.guard).toBe('error_rate')
    expect(() => sampleRatio({ consequence: 'rollback' as never })).toThrow(
      expect.objectContaining({ code: 'invalid_guard' }),
    )
  })

  it('forgets the units of one share at the next, and waits until all processes know of it', () => {
    const before = ticks(100, {})
    const after = Array.from({ length: 60 }, (_, index) => {
      const tick = tickOf((101 + index) * 1000, { canaryUnits: 5, stableUnits: 15 })
      // In the first seconds some processes still serve the old share.
      if (index < 5) tick.canary.units = 0
      return { ...tick, canaryShare: 0.25 }
    })
    expect(replay([...before, ...after], [sampleRatio()]).verdicts[0]).toMatchObject({
      outcome: 'pass',
      estimate: 0.25,
    })
  })

  it('lets no unit speak twice where the share goes to nothing and comes back', () => {
    // Chance has given the canary 62 of 1,000: no wonder once, and ten times as often none the more.
    const series: Tick[] = []
    for (let spell = 0; spell < 10; spell++) {
      for (let second = 0; second < 62; second++) {
        const counts = second < 5 ? {} : { canaryUnits: 1, stableUnits: 15 }
        const tick = tickOf((series.length + 1) * 1000, counts)
        series.push(second < 60 ? tick : { ...tick, canaryShare: 0 })
      }
    }
    const { verdicts } = replay(series, [sampleRatio({ consequence: 'hold' })])
    expect(verdicts[0]).toMatchObject({ outcome: 'pass', counts: { canary: { requests: 55 } } })
    expect(verdicts[0]!.because).not.toContain('NaN')
  })

  it('takes a unit for one, in however many processes it was seen', () => {
    const doubled = ticks(40, { canaryUnits: 2 }).map((tick) => ({ ...tick, processes: 100 }))
    expect(replay(doubled, [sampleRatio()]).verdicts[0]).toMatchObject({ outcome: 'pass' })
    expect(judge(sampleRatio(), 200, { canaryUnits: 2 })).toMatchObject({ outcome: 'fail' })
  })
})

describe('declaration', () => {
  it('rolls back at once, and stands', () => {
    const set = createGuardSet([declaration()])
    set.observe(tickOf(1000))
    expect(set.verdicts()[0]).toMatchObject({ outcome: 'pass' })
    const declared = { condition: 'data_corruption', because: 'orders lose lines', at: 1 } as const
    set.observe({ ...tickOf(2000), declared })
    set.observe(tickOf(3000))
    expect(set.findDemand()).toBe('rollback')
    expect(set.verdicts()[0]).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
      alert: 'critical',
      decidedAt: 2000,
      because: 'data_corruption was declared: orders lose lines',
    })
  })

  it('listens only to its own conditions', () => {
    const guard = declaration({ conditions: ['security_vulnerability'] })
    const declared = { condition: 'data_corruption', because: '', at: 1 } as const
    const { verdicts } = replay([{ ...tickOf(1000), declared }], [guard])
    expect(verdicts[0]).toMatchObject({ outcome: 'pass' })
  })
})

describe('replay', () => {
  it('says when and why it would have rolled back, and stops there', () => {
    const series = [
      ...ticks(30, { stableErrors: 4 }),
      ...ticks(60, { stableErrors: 4, canaryErrors: 8 }),
    ]
    series.forEach((tick, index) => {
      tick.at = index * 1000
    })
    const guards = [latency(), errorRate()]
    const live = createGuardSet(guards)
    let liveAt: number | undefined
    for (const tick of series) {
      live.observe(tick)
      if (live.verdicts().some(({ outcome }) => outcome === 'fail')) {
        liveAt = tick.at
        break
      }
    }
    const played = replay(series, guards)
    expect(played.rollback).toMatchObject({ at: liveAt, guard: 'error_rate' })
    expect(played.verdicts).toEqual(live.verdicts())
    expect(played.demands.at(-1)).toEqual({ at: liveAt, demand: 'rollback' })
  })
})
