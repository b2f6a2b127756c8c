import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bucketOf,
  createArmCounts,
  createGuardSet,
  custom,
  type LatencyGuard,
  latency,
  replay,
  type Tick,
  type Verdict,
} from './index.ts'

/** A hundred durations spread like a usual service's: 50 … 400 ms. */
const usualMs = Array.from({ length: 100 }, (_, index) => 50 * 8 ** (index / 99))

/** Ticks in which the canary takes `slowdown` times as long on a tenth of the requests. */
function toTicks(seconds: number, slowdown: number, startedAt = 0): Tick[] {
  return Array.from({ length: seconds }, (_, second) => {
    const tick = {
      at: startedAt + second * 1000,
      stable: createArmCounts(),
      canary: createArmCounts(),
    }
    usualMs.forEach((ms, index) => {
      tick.stable.latency[bucketOf(ms)]!++
      if (index % 10 === second % 10) tick.canary.latency[bucketOf(ms * slowdown)]!++
    })
    tick.stable.requests = 100
    tick.canary.requests = 10
    return tick
  })
}

function judge(ticks: Tick[], guard: LatencyGuard = latency()): Verdict {
  return replay(ticks, [guard]).verdicts[0]!
}

describe('latency', () => {
  it('learns the stable latencies for ten seconds first', () => {
    expect(judge(toTicks(10, 3))).toMatchObject({
      outcome: 'inconclusive',
      evidenceLog: 0,
      because: 'learning the usual latencies for ten seconds',
    })
  })

  it('rolls back a canary three times as slow within seconds of it', () => {
    const verdict = judge(toTicks(20, 3))
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback', evidence: 1 })
    expect(verdict.estimate).toBeCloseTo(3, 1)
    expect(verdict.counts.canary.p95Ms! / verdict.counts.stable.p95Ms!).toBeCloseTo(3, 1)
  })

  it('holds between + 20 % and + 100 %', () => {
    expect(judge(toTicks(120, 1.6))).toMatchObject({ outcome: 'fail', consequence: 'hold' })
  })

  it('passes a canary that is as fast, and proves it with time', () => {
    expect(judge(toTicks(15, 1))).toMatchObject({ outcome: 'pass', basis: 'estimate' })
    const verdict = judge(toTicks(300, 1))
    expect(verdict).toMatchObject({ outcome: 'pass', basis: 'proven', provenConfidence: 0.95 })
    expect(verdict.estimate).toBeCloseTo(1, 1)
    expect(verdict.provenMargin).toBeLessThan(0.21)
  })

  it('proves no margin that the canary exceeds, however long it goes on', () => {
    const { provenMargin = Number.POSITIVE_INFINITY } = judge(toTicks(3000, 1.6))
    expect(provenMargin).toBeGreaterThan(0.6)
  })

  it('says when data last reached it', () => {
    expect(judge(toTicks(30, 1, 700_000)).dataAt).toBe(729_000)
  })

  it('judges at any time of day as at midnight', () => {
    const at = Date.UTC(2026, 0, 1, 12, 0, 3)
    const { dataAt, decidedAt, ...verdict } = judge(toTicks(90, 1.6, at))
    const { dataAt: _dataAt, decidedAt: _decidedAt, ...same } = judge(toTicks(90, 1.6))
    expect(verdict).toEqual(same)
  })

  it('does not fail a canary inside the margin', () => {
    const verdict = judge(toTicks(3000, 1.15))
    expect(verdict.outcome).toBe('pass')
  })

  it('sees trouble that begins late', () => {
    const healthy = toTicks(600, 1)
    const verdict = judge([...healthy, ...toTicks(30, 3, 600_000)])
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
  })

  it('keeps a rollback once decided', () => {
    const verdict = judge([...toTicks(20, 3), ...toTicks(600, 1, 20_000)])
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback', evidence: 1 })
  })

  it('takes no evidence from a tick in which one arm served nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.boolean(), (seconds, isCanaryEmpty) => {
        const ticks = toTicks(seconds, 2)
        const [extra] = toTicks(1, 2, seconds * 1000)
        extra![isCanaryEmpty ? 'canary' : 'stable'] = createArmCounts()
        expect(judge([...ticks, extra!]).evidenceLog).toBe(judge(ticks).evidenceLog)
      }),
    )
  })

  it('keeps its verdict while the canary has every request', () => {
    const both = toTicks(20, 1.15)
    const verdict = judge(both)
    expect(verdict).toMatchObject({ outcome: 'pass', basis: 'estimate' })
    // Else a late stable request would make it learn anew, for ever.
    const [straggler] = toTicks(1, 1, 200_000)
    straggler!.canary = createArmCounts()
    expect(judge([...both, straggler!]).because).not.toContain('learning')
    const full = toTicks(600, 1.15, 20_000).map((tick) => ({ ...tick, stable: createArmCounts() }))
    expect(judge([...both, ...full])).toEqual(verdict)
  })

  it('drops a tick whose histogram is not one', () => {
    const set = createGuardSet([latency()])
    const [first, second] = toTicks(2, 1)
    set.observe({ ...first!, canary: { ...first!.canary, latency: new Float64Array(7) } })
    second!.stable.latency[9] = Number.NaN
    set.observe(second!)
    expect(set.dropped).toBe(2)
    expect(set.verdicts()[0]!.counts.canary.requests).toBe(0)
  })
})

describe('custom values', () => {
  function judgeValues(options: Partial<Parameters<typeof custom>[0]>, seconds = 13): Verdict {
    const ticks = toTicks(seconds, 3).map(({ at, stable, canary }): Tick => {
      const values = (arm: Tick['stable']): Tick['stable'] => ({
        ...createArmCounts(),
        requests: arm.requests,
        series: { wait: { count: arm.requests, values: arm.latency } },
      })
      return { at, stable: values(stable), canary: values(canary) }
    })
    const guard = custom({ series: 'wait', better: 'lower', of: 'value', ...options })
    return replay(ticks, [guard]).verdicts[0]!
  }

  it('are latencies by another name, and told by theirs', () => {
    const verdict = judgeValues({})
    expect(verdict).toMatchObject({ outcome: 'fail', consequence: 'rollback' })
    expect(verdict.because).toContain('canary mean wait is 2.98 × stable')
    expect(verdict.counts.canary).not.toHaveProperty('p95Ms')
  })

  it('count as many times less as come of one cause', () => {
    expect(judgeValues({}, 12).evidence).toBe(1)
    const divided = judgeValues({ clusterSize: 50 }, 12)
    expect(divided.outcome).toBe('inconclusive')
    expect(divided.evidence).toBeLessThan(0.5)
  })

  it('fail only when there are enough', () => {
    const few = judgeValues({ minErrors: 500 }, 20)
    expect(few).toMatchObject({ outcome: 'inconclusive', evidence: 1 })
    expect(few.next).toBe('300 more values of wait')
    expect(judgeValues({ minErrors: 500 }, 50)).toMatchObject({ outcome: 'fail' })
  })
})
