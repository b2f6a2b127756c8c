import { all, betFactors, errorRate, latency, maxErrorRate } from '@sluice/guards'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { betFactors as guardFactors } from '../../../guards/src/bets.ts'
import { canary, type ForecastTraffic, forecast, parsePlan } from '../index.ts'
import { normalCdf, passageCdf, poissonCounts } from './distributions.ts'

const traffic = { requestsPerSecond: 200, baselineErrorRatio: 0.01 }
const plan = canary()

describe('plan.forecast', () => {
  it('says of each stage what it finds, how soon, and what it proves', () => {
    const { stages } = plan.forecast({ ...traffic, baselineP95Ms: 268 })
    expect(stages.map(({ rolloutPercent }) => rolloutPercent)).toEqual([5, 25, 50, 100])
    const [first] = stages
    expect(first?.errors?.smallestRatioFound).toBeGreaterThan(1.1)
    expect(first?.errors?.smallestRatioFound).toBeLessThan(2)
    expect(Object.keys(first?.errors?.secondsToFind ?? {})).toEqual(['2', '3', '10'])
    expect(first?.latency?.secondsToFind[2]).toBeLessThan(30)
    expect(first?.errors).toMatchObject({ rollbackRatio: 1.5, confidence: 0.95 })
  })

  it('knows what cannot be found or proven', () => {
    const quiet = plan.forecast({ requestsPerSecond: 1, baselineErrorRatio: 0.001 })
    expect(quiet.stages[0]?.errors?.smallestMarginProven).toBe(Infinity)
    // Ten times 20 % are 200 % of the requests.
    const broken = plan.forecast({ requestsPerSecond: 200, baselineErrorRatio: 0.2 })
    expect(broken.stages[0]?.errors?.secondsToFind[10]).toBe(Infinity)
  })

  it('says that relative guards are blind at 100 percent', () => {
    const last = plan.forecast({ ...traffic, baselineP95Ms: 268 }).stages[3]
    expect(last?.isBlind).toBe(true)
    expect(last?.errors).toMatchObject({ smallestRatioFound: Infinity, msToProvePolicy: Infinity })
    expect(last?.latency?.secondsToFind).toEqual({ 1.5: Infinity, 2: Infinity, 3: Infinity })
    expect(plan.forecast(traffic).toText()).toContain('blind: only absolute guards see')
  })

  it('splits alpha as the guard set does: more guards, more evidence each', () => {
    const secondsWith = (changes: Partial<ForecastTraffic>) =>
      plan.forecast({ ...traffic, ...changes }).stages[0]?.errors?.secondsToFind[2] ?? Number.NaN
    const limit = (name: string) => maxErrorRate({ name, ratio: 0.1 })
    const alone = secondsWith({})
    const four = secondsWith({ guards: [errorRate(), limit('a'), limit('b'), limit('c')] })
    expect(four).toBeGreaterThan(1.1 * alone)
    expect(secondsWith({ guardsSharing: 4 })).toBe(four)
    expect(secondsWith({ alpha: 0.0025 })).toBe(four)
    expect(secondsWith({ guards: [all([errorRate(), limit('a')]), limit('b')] })).toBe(four)
    const warning = maxErrorRate({ ratio: 0.05, consequence: 'warn' })
    expect(secondsWith({ guards: [errorRate(), warning] })).toBe(alone)
  })

  it('leaves out what no guard compares', () => {
    const [stage] = plan.forecast({ ...traffic, guards: [latency()] }).stages
    expect(stage).not.toHaveProperty('errors')
    expect(stage).not.toHaveProperty('latency')
  })

  it('leaves the plan the data that it was', () => {
    expect(Object.keys(plan)).not.toContain('forecast')
    expect(Object.isFrozen(plan)).toBe(true)
    expect(parsePlan(plan)).toEqual(plan)
    expect(structuredClone(plan)).toEqual(parsePlan(plan))
    expect(forecast(parsePlan(plan), traffic).stages).toEqual(plan.forecast(traffic).stages)
  })

  it.each([
    ['no requests', { requestsPerSecond: 0 }],
    ['requests that are no number', { requestsPerSecond: Number.NaN }],
    ['endless requests', { requestsPerSecond: Infinity }],
    ['a negative error ratio', { baselineErrorRatio: -0.01 }],
    ['a service that always fails', { baselineErrorRatio: 1 }],
    ['a percentage as text', { baselineErrorRatio: '1 %' as never }],
    ['no time at all', { baselineP95Ms: 0 }],
    ['an alpha of 1', { alpha: 1 }],
    ['a negative number of guards', { guardsSharing: -1 }],
    ['guards that are no list', { guards: 5 as never }],
  ])('refuses %s', (_name, changes) => {
    expect(() => plan.forecast({ ...traffic, ...changes })).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })

  it('refuses to forecast nothing', () => {
    expect(() => plan.forecast(undefined as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })

  it('holds to what is so of any traffic', () => {
    const rates = fc.double({ min: 0.01, max: 1e6, noNaN: true })
    const ratios = fc.double({ min: 1e-6, max: 0.1, noNaN: true })
    fc.assert(
      fc.property(rates, ratios, (requestsPerSecond, baselineErrorRatio) => {
        const found = plan.forecast({ requestsPerSecond, baselineErrorRatio }).stages[0]?.errors
        const { 2: double = 0, 3: triple = 0, 10: tenfold = 0 } = found?.secondsToFind ?? {}
        // Worse is found sooner, and never before a look.
        expect(double).toBeGreaterThanOrEqual(triple)
        expect(triple).toBeGreaterThanOrEqual(tenfold)
        expect(Math.min(double, triple, tenfold)).toBeGreaterThanOrEqual(1)
        expect(found?.smallestRatioFound).toBeGreaterThan(1.1)
        expect(found?.smallestMarginProven).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('what the forecast takes from the guards', () => {
  it('is what they have', () => {
    expect(betFactors).toEqual(guardFactors)
  })
})

describe('the distributions', () => {
  it('are those of the tables', () => {
    expect(normalCdf(0)).toBeCloseTo(0.5, 6)
    expect(normalCdf(1.6449)).toBeCloseTo(0.95, 4)
    expect(normalCdf(-2.3263)).toBeCloseTo(0.01, 5)
    const counts = poissonCounts(3)
    expect(counts.reduce((sum, [, chance]) => sum + chance, 0)).toBeCloseTo(1, 6)
    expect(counts.reduce((sum, [count, chance]) => sum + count * chance, 0)).toBeCloseTo(3, 4)
  })

  it('of a passage rise from 0 to 1, with half of it near the mean', () => {
    const at = (time: number) => passageCdf(time, 100, 30)
    expect(at(0)).toBe(0)
    expect(at(20)).toBeLessThan(0.001)
    // By hand: ½ + e^(2λ/μ) Φ(−2 √(λ/μ)), where λ/μ = 100² / 30².
    expect(at(100)).toBeCloseTo(0.5586, 3)
    expect(at(1000)).toBeCloseTo(1, 6)
    expect(passageCdf(10, 100, 0)).toBe(0)
    expect(passageCdf(1e-9, 1, 1e-6)).toBe(0)
  })
})
