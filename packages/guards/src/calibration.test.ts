import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  calibrationFactor,
  createArmCounts,
  errorRate,
  limitFromHistory,
  replay,
  type Tick,
} from './index.ts'

/** The chance of at most `hits` in `trials`, summed term by term. */
function atMost(hits: number, trials: number, probability: number): number {
  let term = (1 - probability) ** trials
  let sum = term
  for (let hit = 1; hit <= hits; hit++) {
    term *= ((trials - hit + 1) / hit) * (probability / (1 - probability))
    sum += term
  }
  return sum
}

const group = (requests: number, errors: number) => ({ requests, errors })

describe('calibrationFactor', () => {
  it('is the upper bound of how much worse the cohort is', () => {
    // 120 of 220 errors at half of the requests: by Clopper–Pearson its true share may be 61 %.
    const factor = calibrationFactor({ cohort: group(1e6, 120), rest: group(1e6, 100) })
    const share = factor / (1 + factor)
    expect(atMost(120, 220, share)).toBeCloseTo(0.025, 6)
  })

  it('comes close to 1 as more is counted, and is never below', () => {
    const counted = (times: number) =>
      calibrationFactor({
        cohort: group(1e4 * times, 100 * times),
        rest: group(1.9e5 * times, 1900 * times),
      })
    expect(counted(1)).toBeGreaterThan(counted(10))
    expect(counted(1000)).toBeLessThan(1.01)
    expect(calibrationFactor({ cohort: group(1e6, 10), rest: group(1e6, 1e5) })).toBe(1)
  })

  it('is the largest that leaves a bet where nothing is known', () => {
    expect(calibrationFactor({ cohort: group(100, 0), rest: group(1900, 0) })).toBe(25)
    expect(calibrationFactor({ cohort: group(100, 100), rest: group(1900, 1) })).toBe(25)
  })

  it('is a factor from 1 to 25 for all counts, and rises with the errors of the cohort', () => {
    const errors = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(errors, errors, fc.integer({ min: 1, max: 1e8 }), (mine, theirs, more) => {
        const factor = (own: number) =>
          calibrationFactor({ cohort: group(own + more, own), rest: group(theirs + more, theirs) })
        expect(factor(mine)).toBeGreaterThanOrEqual(1)
        expect(factor(mine)).toBeLessThanOrEqual(25)
        expect(
          calibrationFactor({
            cohort: group(2e6 + more, mine + 1),
            rest: group(theirs + more, theirs),
          }),
        ).toBeGreaterThanOrEqual(
          calibrationFactor({
            cohort: group(2e6 + more, mine),
            rest: group(theirs + more, theirs),
          }),
        )
      }),
    )
  })

  it.each([
    ['no requests', { cohort: group(0, 0), rest: group(10, 1) }],
    ['more errors than requests', { cohort: group(10, 11), rest: group(10, 1) }],
    ['a count that is none', { cohort: group(10, Number.NaN), rest: group(10, 1) }],
    ['no counts', { cohort: undefined as never, rest: group(10, 1) }],
    ['no confidence', { cohort: group(10, 1), rest: group(10, 1), confidence: 0.3 }],
  ])('refuses %s', (_name, counts) => {
    expect(() => calibrationFactor(counts)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})

describe('limitFromHistory', () => {
  it('is the margin times the upper bound of the past', () => {
    const limit = limitFromHistory({ requests: 10_000, errors: 100 })
    expect(limit).toBeGreaterThan(0.011)
    expect(atMost(100, 10_000, limit / 1.1)).toBeCloseTo(0.005, 6)
  })

  it('gives a limit even where nothing failed: the rule of three', () => {
    expect(
      limitFromHistory({ requests: 1_000, errors: 0, marginRatio: 1, confidence: 0.95 }),
    ).toBeCloseTo(1 - 0.05 ** (1 / 1_000), 9)
  })

  it.each([
    ['a past too short', { requests: 2, errors: 1 }],
    ['no past', { requests: 0, errors: 0 }],
    ['a past of errors only', { requests: 5, errors: 5 }],
    ['a margin below 1', { requests: 1_000, errors: 1, marginRatio: 0.9 }],
    ['a confidence of 1', { requests: 1_000, errors: 1, confidence: 1 }],
  ])('refuses %s', (_name, history) => {
    expect(() => limitFromHistory(history)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})

describe('a calibrated canary', () => {
  const ticks = Array.from({ length: 300 }, (_, second): Tick => {
    const arm = (errors: number) => ({ ...createArmCounts(), requests: 1_000, errors })
    // 1.4 times as many errors, of users who may fail 1.5 times as often by themselves.
    return { at: (second + 1) * 1000, calibration: 1.5, canary: arm(14), stable: arm(10) }
  })
  const [verdict] = replay(ticks, [errorRate()]).verdicts

  it('is judged by what its users may do by themselves, and the line says so', () => {
    expect(verdict).toMatchObject({ outcome: 'pass', basis: 'estimate' })
    expect(verdict?.estimate).toBeCloseTo(1.4 / 1.5, 9)
    expect(verdict?.because).toContain('canary 4,200 of 300,000, weighed 1.5 × for its users')
  })

  it('is proven to be no better than it is: the factor is a bound, and no measurement', () => {
    expect(verdict?.provenMargin).toBeGreaterThanOrEqual(0.4)
  })
})
