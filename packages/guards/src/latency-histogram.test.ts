import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addLatency,
  bucketLowerMs,
  bucketOf,
  bucketsInFactor,
  bucketUpperMs,
  LATENCY_BUCKETS,
  quantileMs,
} from './index.ts'

function histogramOf(durations: number[]): Float64Array {
  const histogram = new Float64Array(LATENCY_BUCKETS)
  for (const ms of durations) histogram[bucketOf(ms)]!++
  return histogram
}

const durations = fc.array(fc.double({ min: 0.26, max: 15_000, noNaN: true }), { minLength: 1 })

describe('latency buckets', () => {
  it('hold a duration between their bounds', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.25, max: 15_700, noNaN: true }), (ms) => {
        const bucket = bucketOf(ms)
        expect(bucketLowerMs(bucket)).toBeLessThanOrEqual(ms * (1 + 1e-9))
        expect(bucketUpperMs(bucket)).toBeGreaterThan(ms * (1 - 1e-9))
      }),
    )
  })

  it('begin exactly at their lower bounds', () => {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      expect(bucketOf(bucketLowerMs(bucket))).toBe(bucket)
    }
  })

  it('take in everything shorter and everything longer', () => {
    expect(bucketOf(0)).toBe(0)
    expect(bucketOf(0.01)).toBe(0)
    expect(bucketOf(16_384)).toBe(303)
    expect(bucketOf(1e12)).toBe(303)
  })

  it('make × 1.2 five buckets and × 2 nineteen', () => {
    expect(bucketsInFactor(1.2)).toBe(5)
    expect(bucketsInFactor(2)).toBe(19)
    expect(bucketLowerMs(105) / bucketLowerMs(100)).toBeCloseTo(1.2001, 4)
    expect(bucketLowerMs(119) / bucketLowerMs(100)).toBeCloseTo(2, 12)
  })

  it('tell the policy’s 5 s from 10 s', () => {
    expect(bucketOf(10_000) - bucketOf(5000)).toBe(19)
  })
})

describe('quantileMs', () => {
  it('knows nothing of an empty histogram', () => {
    expect(quantileMs(new Float64Array(LATENCY_BUCKETS), 0.95)).toBeUndefined()
  })

  it('is within a bucket of the exact quantile', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.75, 0.95, 0.99, 1), (list, quantile) => {
        const sorted = [...list].sort((a, b) => a - b)
        const exact = sorted[Math.ceil(quantile * sorted.length - 1e-9) - 1]!
        const found = quantileMs(histogramOf(list), quantile)!
        expect(found / exact).toBeGreaterThan(2 ** (-1.001 / 19))
        expect(found / exact).toBeLessThan(2 ** (1.001 / 19))
      }),
    )
  })

  it('doubles exactly when every duration doubles', () => {
    const single = histogramOf([10, 20, 30, 40, 500])
    const double = histogramOf([20, 40, 60, 80, 1000])
    expect(quantileMs(double, 0.9)! / quantileMs(single, 0.9)!).toBeCloseTo(2, 12)
  })
})

describe('addLatency', () => {
  it('makes the histogram of both sets of durations', () => {
    fc.assert(
      fc.property(durations, durations, (one, other) => {
        const merged = histogramOf(one)
        addLatency(merged, histogramOf(other))
        expect(merged).toEqual(histogramOf([...one, ...other]))
      }),
    )
  })
})
