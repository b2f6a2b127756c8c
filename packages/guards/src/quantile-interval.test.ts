import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../test/sim/random.ts'
import { tickOf } from './guard-sets.fixture.ts'
import { bucketOf, createArmCounts, explainVerdict, latency, maxLatency, replay } from './index.ts'
import { quantileInterval } from './quantile-interval.ts'

describe('the interval of a quantile', () => {
  it('holds the true one in at least nine windows of ten', () => {
    const random = createRandom(5)
    let held = 0
    for (let window = 0; window < 300; window++) {
      const { latency: histogram } = createArmCounts()
      // Evenly on the logarithm between 10 and 1,000 ms: the p95 is 10 · 100^0.95.
      for (let request = 0; request < 400; request++) {
        histogram[bucketOf(10 * 100 ** random.uniform())]! += 1
      }
      const [low, high] = quantileInterval(histogram, 0.95) ?? [0, 0]
      if (low <= 10 * 100 ** 0.95 && 10 * 100 ** 0.95 <= high) held++
    }
    expect(held).toBeGreaterThan(270)
  })

  it('is none while there are too few requests for it', () => {
    const { latency: histogram } = createArmCounts()
    expect(quantileInterval(histogram, 0.95)).toBeUndefined()
    histogram[100] = 20
    expect(quantileInterval(histogram, 0.95)).toBeUndefined()
  })

  it('stands in the verdicts of latency, and in their line', () => {
    const ticks = Array.from({ length: 60 }, (_, second) => tickOf(second * 1000, { canary: 40 }))
    const { verdicts } = replay(ticks, [latency(), maxLatency({ ms: 5000 })])
    for (const { interval, intervalConfidence, estimate } of verdicts) {
      expect(intervalConfidence).toBe(0.95)
      expect(interval?.[0]).toBeLessThanOrEqual(estimate ?? 0)
      expect(interval?.[1]).toBeGreaterThanOrEqual(estimate ?? 0)
    }
    expect(explainVerdict(verdicts[0]!)).toMatchObject({ basis: 'proven', decidedAt: null })
    expect(explainVerdict(verdicts[0]!).line).toContain('between')
  })
})
