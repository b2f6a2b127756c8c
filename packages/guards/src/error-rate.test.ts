import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createArmCounts,
  createGuardSet,
  type ErrorRateGuard,
  errorRate,
  replay,
  type Tick,
  type Verdict,
} from './index.ts'

/** One second: requests and errors of the canary, then of the stable arm. */
type Second = [
  canaryRequests: number,
  canaryErrors: number,
  stableRequests: number,
  stableErrors: number,
]

function toTicks(seconds: Second[], startedAt = 0): Tick[] {
  return seconds.map(([canaryRequests, canaryErrors, stableRequests, stableErrors], index) => ({
    at: startedAt + index * 1000,
    canary: { ...createArmCounts(), requests: canaryRequests, errors: canaryErrors },
    stable: { ...createArmCounts(), requests: stableRequests, errors: stableErrors },
  }))
}

function judge(seconds: Second[], guard: ErrorRateGuard = errorRate()): Verdict {
  return replay(toTicks(seconds), [guard]).verdicts[0]!
}

function repeat(count: number, ...seconds: Second[]): Second[] {
  return Array.from({ length: count }, () => seconds).flat()
}

const second: fc.Arbitrary<Second> = fc
  .tuple(fc.nat(1000), fc.nat(1000), fc.nat(20_000), fc.nat(20_000))
  .map(([a, b, c, d]) => [Math.max(a, b), Math.min(a, b), Math.max(c, d), Math.min(c, d)])

describe('errorRate', () => {
  it('weighs one tick as computed by hand', () => {
    // n_c = 10, x_c = 1, n_s = 190, x_s = 2, r0 = 1.1: l(r1) = ln(r1/1.1) − 3 ln((10 r1 + 190) / 201).
    const ratios = Array.from({ length: 8 }, (_, k) => 1.43 * (27.5 / 1.43) ** (k / 7))
    const gains = ratios.map((r1) =>
      Math.exp(Math.log(r1 / 1.1) - 3 * Math.log((10 * r1 + 190) / 201)),
    )
    expect(Math.log(gains[0]!)).toBeCloseTo(0.21351, 5)
    const mean = gains.reduce((sum, gain) => sum + gain) / 8
    // A floor this low is out of the question at once, and three tenths of the money wait for later starts.
    const verdict = judge([[10, 1, 190, 2]], errorRate({ floorRatio: 1e-9 }))
    expect(verdict.evidenceLog).toBeCloseTo(Math.log(0.7 * mean + 0.3), 12)
    expect(verdict.evidence).toBeCloseTo(Math.log(0.7 * mean + 0.3) / Math.log(100), 12)
  })

  it('rolls back a canary with ten times the errors within seconds', () => {
    const verdict = judge(repeat(10, [10, 1, 190, 2]))
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback', evidence: 1 })
    expect(verdict.estimate).toBeCloseTo(9.5, 6)
    expect(verdict.counts.canary).toEqual({ requests: 60, errors: 6 })
    expect(verdict.because).toContain("9.5 × stable's")
    expect(verdict.decidedAt).toBeLessThan(10_000)
  })

  it('keeps a rollback once decided, whatever comes after', () => {
    const bad = repeat(10, [10, 1, 190, 2] as Second)
    const good = repeat(3000, [10, 0, 190, 2] as Second)
    const verdict = judge([...bad, ...good])
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback', evidence: 1 })
    expect(verdict.because).toBe(judge(bad).because)
  })

  it('holds between + 10 % and + 50 %', () => {
    // 1.3 % against 1 %, in numbers that leave no doubt.
    const verdict = judge(repeat(100, [10_000, 130, 10_000, 100]))
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'hold' })
    expect(verdict.estimate).toBeCloseTo(1.3, 6)
    expect(verdict.decidedAt).toBeUndefined()
  })

  it('asks for no more than its own consequence', () => {
    const bad = repeat(10, [10, 1, 190, 2] as Second)
    const slight = repeat(100, [10_000, 130, 10_000, 100] as Second)
    expect(judge(bad, errorRate({ consequence: 'hold' }))).toMatchObject({
      outcome: 'fail',
      consequence: 'hold',
    })
    expect(judge(bad, errorRate({ consequence: 'warn' }))).toMatchObject({ consequence: 'warn' })
    expect(judge(slight, errorRate({ consequence: 'warn' }))).toMatchObject({ consequence: 'warn' })
  })

  it('does not roll back on fewer than three errors', () => {
    const twoErrors = repeat(2, [1, 1, 100_000, 0] as Second)
    expect(judge([...twoErrors, [1, 0, 100_000, 20]])).toMatchObject({ outcome: 'inconclusive' })
    expect(judge(repeat(3, [1, 1, 100_000, 5]))).toMatchObject({
      outcome: 'fail',
      consequence: 'rollback',
    })
  })

  it('leaves a canary under the floor in peace, however good the stable arm is', () => {
    // 0.05 % against 0.005 %: ten times as bad, and still nothing to worry about.
    const seconds = repeat(500, [1000, 0, 10_000, 0], [1000, 1, 10_000, 1] as Second)
    expect(judge(seconds)).toMatchObject({ outcome: 'pass', basis: 'estimate' })
    expect(judge(seconds).because).toContain('under the floor of 0.1 %')
    expect(judge(seconds, errorRate({ floorRatio: 1e-6 }))).toMatchObject({ outcome: 'fail' })
  })

  it('leaves in peace a canary that is under the floor by night and inside the margin by day', () => {
    // By night 0.04 % against 0.002 %. Then something both arms need breaks, and 5 % of both fail.
    const calm: Second = [1000, 0, 10_000, 0]
    const oneError: Second = [1000, 1, 10_000, 0]
    const night = repeat(100, [1000, 1, 10_000, 1], calm, oneError, calm, calm)
    const outage = repeat(300, [1000, 50, 10_000, 500] as Second)
    for (const verdict of [judge(night), judge([...night, ...outage])]) {
      expect(verdict.outcome).not.toBe('fail')
    }
    const worse = repeat(60, [1000, 50, 10_000, 100] as Second)
    expect(judge([...night, ...worse])).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
  })

  it('takes one error against none for one error', () => {
    const verdict = judge([[10, 1, 190, 0], ...repeat(60, [10, 0, 190, 0] as Second)])
    expect(verdict).toMatchObject({ outcome: 'inconclusive', estimate: undefined })
    expect(judge(repeat(60, [10, 0, 190, 0]))).toMatchObject({ outcome: 'pass', basis: 'estimate' })
  })

  it('needs requests on both arms before it passes', () => {
    expect(judge(repeat(9, [10, 0, 190, 0]))).toMatchObject({ outcome: 'inconclusive' })
    expect(judge(repeat(10, [10, 0, 190, 0]))).toMatchObject({ outcome: 'pass' })
    expect(judge(repeat(100, [10, 0, 0, 0]))).toMatchObject({
      outcome: 'inconclusive',
      because: 'no requests on both arms at the same time yet',
    })
  })

  it('proves a margin as data come in, and says so', () => {
    const tenSeconds: Second[] = [...repeat(9, [10, 0, 190, 2] as Second), [10, 1, 190, 1]]
    const some = judge(repeat(100, ...tenSeconds))
    expect(some.outcome).toBe('pass')
    expect(some.provenConfidence).toBe(0.95)
    expect(some.provenMargin).toBeGreaterThan(0.15)
    expect(some.provenMargin).toBeLessThan(1)
    const much = judge(repeat(100, [10_000, 100, 10_000, 100]))
    expect(much).toMatchObject({ outcome: 'pass', basis: 'proven' })
    expect(much.provenMargin).toBeLessThanOrEqual(0.1 + 1e-9)
    // A canary at + 20 % must never be proven within + 10 %.
    expect(judge(repeat(100, [10_000, 120, 10_000, 100])).provenMargin).toBeGreaterThan(0.15)
  })

  it('compares at each moment: a moving split makes no difference out of a moving rate', () => {
    // The share goes 1 → 50 % while everybody's errors go 0.5 → 2 %. Pooled totals would say 1.28 ×.
    const seconds = Array.from({ length: 3600 }, (_, t): Second => {
      const share = 0.01 + (0.49 * t) / 3600
      const errorRatio = 0.005 + (0.015 * t) / 3600
      const [canary, stable] = [20_000 * share, 20_000 * (1 - share)]
      return [canary, canary * errorRatio, stable, stable * errorRatio]
    })
    const { counts, ...verdict } = judge(seconds)
    const pooled =
      counts.canary.errors /
      counts.canary.requests /
      (counts.stable.errors / counts.stable.requests)
    expect(pooled).toBeGreaterThan(1.25)
    expect(verdict.estimate).toBeCloseTo(1, 9)
    expect(verdict).toMatchObject({ outcome: 'pass', basis: 'proven' })
  })

  it('sees trouble that begins late, and speaks of the ratio since then', () => {
    const healthy = repeat(180, ...repeat(9, [10, 0, 190, 2] as Second), [10, 1, 190, 1])
    const verdict = judge([...healthy, ...repeat(15, [10, 1, 190, 2] as Second)])
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
    expect(verdict.estimate).toBeGreaterThan(3)
  })

  it('projects when growing evidence will decide', () => {
    const ticks = toTicks(repeat(200, [10, 0, 190, 2], [10, 1, 190, 2] as Second))
    const set = createGuardSet([errorRate()])
    const projected: [at: number, seconds: number][] = []
    for (const tick of ticks) {
      set.observe(tick)
      const { secondsToDecision } = set.verdicts()[0]!
      if (secondsToDecision !== undefined) projected.push([tick.at, secondsToDecision])
    }
    const decidedAt = set.verdicts()[0]!.decidedAt!
    const [at, seconds] = projected.at(-5)!
    expect(at + seconds * 1000).toBeGreaterThan(decidedAt - 5000)
    expect(at + seconds * 1000).toBeLessThan(decidedAt + 10_000)
    expect(set.verdicts()[0]!.secondsToDecision).toBeUndefined()
  })

  it('is not moved by a tick in which one arm served nothing', () => {
    fc.assert(
      fc.property(fc.array(second), second, fc.boolean(), (seconds, extra, isCanaryEmpty) => {
        const empty: Second = isCanaryEmpty
          ? [0, 0, extra[2], extra[3]]
          : [extra[0], extra[1], 0, 0]
        const before = judge(seconds)
        expect(judge([...seconds, empty])).toEqual(before)
        const [first, ...rest] = toTicks(seconds, 5000)
        if (!first) return
        const between = { ...toTicks([empty], 5500)[0]! }
        expect(replay([first, between, ...rest], [errorRate()]).verdicts).toEqual(
          replay([first, ...rest], [errorRate()]).verdicts,
        )
      }),
    )
  })

  it('stays finite at any counts, and can be written as JSON', () => {
    const large = fc.integer({ min: 0, max: 1e9 })
    const huge = fc
      .tuple(large, large, large, large)
      .map(
        ([a, b, c, d]): Second => [Math.max(a, b), Math.min(a, b), Math.max(c, d), Math.min(c, d)],
      )
    fc.assert(
      fc.property(fc.array(fc.oneof(second, huge), { minLength: 1, maxLength: 50 }), (seconds) => {
        const verdict = judge(seconds)
        expect(Number.isFinite(verdict.evidenceLog)).toBe(true)
        expect(verdict.evidence).toBeGreaterThanOrEqual(0)
        expect(verdict.evidence).toBeLessThanOrEqual(1)
        const { estimate, ...rest } = verdict
        expect(estimate === undefined || Number.isFinite(estimate)).toBe(true)
        expect(JSON.parse(JSON.stringify(rest))).toEqual(rest)
      }),
    )
  })

  it('drops a tick that is unsound or not later than the last', () => {
    const set = createGuardSet([errorRate()])
    const [tick] = toTicks([[10, 1, 190, 2]], 1000)
    set.observe(tick!)
    const before = set.verdicts()
    set.observe(tick!)
    set.observe({ ...tick!, at: 2000, canary: { ...tick!.canary, errors: 11 } })
    set.observe({ ...tick!, at: 3000, stable: { ...tick!.stable, requests: Number.NaN } })
    set.observe({ ...tick!, at: Number.NaN })
    expect(set.verdicts()).toEqual(before)
    expect(set.dropped).toBe(4)
  })

  it('splits alpha over the guards that may roll back or hold', () => {
    const names = ['a', 'b', 'c', 'd']
    const tick = toTicks([[10, 1, 190, 2]])
    const guards = names.map((name) => errorRate({ name, floorRatio: 1e-9 }))
    const [shared] = replay(tick, guards).verdicts
    expect(shared!.evidence).toBeCloseTo(shared!.evidenceLog / Math.log(400), 12)
    guards[3] = { ...guards[3]!, consequence: 'warn' }
    const [first, , , warning] = replay(tick, guards).verdicts
    expect(first!.evidence).toBeCloseTo(first!.evidenceLog / Math.log(300), 12)
    expect(warning!.evidence).toBeCloseTo(warning!.evidenceLog / Math.log(100), 12)
  })
})
