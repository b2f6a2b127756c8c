import { describe, expect, it } from 'vitest'
import {
  bucketOf,
  createArmCounts,
  type Guard,
  maxErrorRate,
  maxLatency,
  replay,
  type Tick,
  type Verdict,
} from './index.ts'

/** Ticks of ten canary requests, `bad` of which fail and take 8 s; no stable arm. */
function toTicks(seconds: number, bad: number): Tick[] {
  return Array.from({ length: seconds }, (_, second) => {
    const tick = { at: second * 1000, stable: createArmCounts(), canary: createArmCounts() }
    tick.canary.requests = 10
    tick.canary.errors = bad
    tick.canary.latency[bucketOf(100)] = 10 - bad
    tick.canary.latency[bucketOf(8000)] = bad
    return tick
  })
}

function judge(guard: Guard, ticks: Tick[]): Verdict {
  return replay(ticks, [guard]).verdicts[0]!
}

describe('maxErrorRate', () => {
  const guard = maxErrorRate({ ratio: 0.1 })

  it('weighs one tick as computed by hand', () => {
    // x = 3 of n = 10, q0 = 0.1; q1 has the odds of q0 times 1.3 … 25.
    const gains = Array.from({ length: 8 }, (_, k) => {
      const odds = (1.3 * (25 / 1.3) ** (k / 7)) / 9
      const q1 = odds / (1 + odds)
      return (q1 / 0.1) ** 3 * ((1 - q1) / 0.9) ** 7
    })
    const mean = gains.reduce((sum, gain) => sum + gain) / 8
    expect(judge(guard, toTicks(1, 3)).evidenceLog).toBeCloseTo(Math.log(0.7 * mean + 0.3), 12)
  })

  it('rolls back above its limit, without a stable arm', () => {
    const verdict = judge(guard, toTicks(20, 5))
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback', evidence: 1 })
    expect(verdict.estimate).toBeCloseTo(0.5, 9)
    expect(verdict.because).toContain('is over 10 % beyond chance')
  })

  it('passes under its limit once there are enough requests', () => {
    const mixed = [...toTicks(20, 0)]
    expect(judge(guard, mixed.slice(0, 9)).outcome).toBe('inconclusive')
    expect(judge(guard, mixed)).toMatchObject({ outcome: 'pass', basis: 'estimate', estimate: 0 })
  })

  it('fails from its third error on, if three are enough', () => {
    const tight = maxErrorRate({ ratio: 0.0001 })
    expect(judge(tight, toTicks(1, 2)).outcome).toBe('inconclusive')
    expect(judge(tight, toTicks(1, 3)).outcome).toBe('fail')
  })

  it('does not fail on an error that comes when all is well again', () => {
    const tight = maxErrorRate({ ratio: 0.001, minErrors: 5 })
    const bad = toTicks(1, 4)
    const well = toTicks(2_000, 0).map((tick) => ({ ...tick, at: tick.at + 1_000 }))
    expect(judge(tight, bad)).toMatchObject({ outcome: 'inconclusive', evidence: 1 })
    well.at(-1)!.canary.errors = 1
    const verdict = judge(tight, [...bad, ...well])
    expect(verdict).toMatchObject({ outcome: 'inconclusive', evidence: 1 })
    expect(verdict.because).toContain('is under 0.1 % by now; before, beyond chance over it')
    expect(judge(tight, [...bad, ...toTicks(3, 4).slice(1)])).toMatchObject({ outcome: 'fail' })
  })

  it('waits at its limit', () => {
    expect(judge(guard, toTicks(200, 1))).toMatchObject({ outcome: 'inconclusive' })
  })

  it('asks for its own consequence', () => {
    const warning = maxErrorRate({ ratio: 0.05, consequence: 'warn' })
    expect(judge(warning, toTicks(60, 5))).toMatchObject({ outcome: 'fail', consequence: 'warn' })
  })
})

describe('maxLatency', () => {
  it('fails when the quantile is over the limit', () => {
    const verdict = judge(maxLatency({ ms: 5000 }), toTicks(20, 5))
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
    expect(verdict.estimate).toBeGreaterThan(7500)
    expect(verdict.because).toContain('took over 5,000 ms, over the 5 % that a p95 allows')
  })

  it('passes when fewer are over it than the quantile allows', () => {
    const ticks = toTicks(60, 0)
    expect(judge(maxLatency({ ms: 5000 }), ticks)).toMatchObject({ outcome: 'pass' })
    // One in ten over the limit: too many for a p95, few enough for a median.
    expect(judge(maxLatency({ ms: 5000 }), toTicks(300, 1)).outcome).toBe('fail')
    expect(judge(maxLatency({ ms: 5000, quantile: 0.5 }), toTicks(300, 1)).outcome).toBe('pass')
  })

  it('tells the quantile that it judges', () => {
    const median = judge(maxLatency({ ms: 5000, quantile: 0.5 }), toTicks(300, 1))
    expect(median.estimate).toBeLessThan(110)
    expect(median.counts.canary.p95Ms).toBeGreaterThan(7500)
  })
})
