import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketLowerMs, bucketOf, countLatencies, LATENCY_BUCKETS } from './latency-histogram.ts'
import { spreadLatency } from './spread-latency.ts'

function spread(count: number, lowMs: number, highMs: number): Float64Array {
  const into = new Float64Array(LATENCY_BUCKETS)
  spreadLatency(into, count, lowMs, highMs)
  return into
}

const ms = fc.double({ min: 0, max: 30_000, noNaN: true })

describe('spreadLatency', () => {
  it('loses nothing, adds nothing and takes nothing away', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), ms, ms, (count, one, other) => {
        const found = spread(count, Math.min(one, other), Math.max(one, other))
        expect(countLatencies(found)).toBeCloseTo(count, 4)
        expect(found.every((value) => value >= 0)).toBe(true)
      }),
    )
  })

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(ms, ms, (one, other) => {
        const found = spread(1, Math.min(one, other), Math.max(one, other))
        const first = found.findIndex((value) => value > 1e-9)
        const last = found.findLastIndex((value) => value > 1e-9)
        expect(first).toBeGreaterThanOrEqual(bucketOf(Math.min(one, other)) - 1)
        expect(last).toBeLessThanOrEqual(bucketOf(Math.max(one, other)) + 1)
      }),
    )
  })

  it('is exact between bounds of our own, also when they were written with six digits', () => {
    const low = Number(bucketLowerMs(100).toPrecision(6))
    const high = Number(bucketLowerMs(107).toPrecision(6))
    const found = spread(7, low, high)
    expect([...found.slice(99, 108)]).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0])
  })

  it('puts what has no upper bound just above its lower one', () => {
    const found = spread(3, 10_000, Infinity)
    expect(found[bucketOf(10_000)]).toBe(3)
    expect(spread(3, 60_000, Infinity)[LATENCY_BUCKETS - 1]).toBe(3)
  })
})
