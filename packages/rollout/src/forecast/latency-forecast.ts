import {
  BUCKETS_PER_OCTAVE,
  betFactors,
  bucketsInFactor,
  type LatencyGuard,
  provableShifts,
} from '@sluice/guards'
import { type ArmRates, type BetCost, computeBetCosts } from './bet-costs.ts'
import { type BetGrowth, computeGrowth } from './bet-growth.ts'
import { normalCdf } from './distributions.ts'
import { computePassage, lossOf, type Passage } from './first-passage.ts'
import { createRarityProof } from './margin-forecast.ts'
import { createBlindForecast, findSmallest, type RatioForecast } from './ratio-forecast.ts'
import type { StageTraffic } from './stage-traffic.ts'

/**
 * Durations are taken to be lognormal, with this standard deviation of their natural logarithm: the p95 is 2.7 times
 * the median, as is usual for a service. The narrower they are, the sooner a slower canary is found.
 */
const spread = 0.6

/** Where the guard compares the arms, as standard normal quantiles: p50, p75, p90, p95, p99. See guards, `latency-monitor.ts`. */
const levels = [0, 0.6745, 1.2816, 1.6449, 2.3263]
const p95Level = 1.6449

/** × 1.2 itself is allowed, so it is never found; these are. */
const askedRatios = [1.5, 2, 3]

/** The first closed slot of the stable arm's latencies sets the levels. */
const warmUpSeconds = 10

/** Nobody's canary is a hundred times as slow and still answers. */
const slowest = 100

/** What one stage's latency guard will find and prove. */
export function forecastLatency(
  guard: LatencyGuard,
  alpha: number,
  stage: StageTraffic,
): RatioForecast {
  const { marginRatio, rollbackRatio, confidence } = guard
  const terms = { rollbackRatio, confidence, policyMargin: marginRatio - 1 }
  if (stage.isBlind) return createBlindForecast(terms, askedRatios)
  const passageOf = createLatencyPassage(marginRatio, alpha, stage)
  const marginShift = bucketsInFactor(marginRatio)
  const margins = [...new Set([...provableShifts, marginShift])]
    .sort((a, b) => a - b)
    .map((shift) => ({ ratio: ratioOf(shift), canary: chanceBeyond(p95Level, ratioOf(shift)) }))
  const stable = chanceBeyond(p95Level, 1)
  const proof = createRarityProof(stage.rates, margins, stable, marginRatio, confidence)
  return {
    ...terms,
    smallestRatioFound: findSmallest(marginRatio, slowest, stage.monitorSeconds, passageOf),
    secondsToFind: Object.fromEntries(
      askedRatios.map((ratio) => [ratio, passageOf(ratio).meanSeconds]),
    ),
    smallestMarginProven: proof.smallestMargin(stage.monitorSeconds),
    msToProvePolicy: 1000 * proof.secondsToProve(),
  }
}

const noFloor = { floorRatio: 0, windowSeconds: 1 }

/** When a canary that takes `slowdown` times as long from the stage's beginning on is found. */
function createLatencyPassage(
  marginRatio: number,
  alpha: number,
  { rates, before = rates, enteredSeconds }: StageTraffic,
): (slowdown: number) => Passage {
  const costs = computeBetCosts(rates, 1, betFactors)
  const costsBefore = before === rates ? costs : computeBetCosts(before, 1, betFactors)
  const margin = ratioOf(bucketsInFactor(marginRatio))

  const stable = levels.map((level) => chanceBeyond(level, 1))
  const decays = growthsOf(costsBefore, before, 1).map(({ growth }) => lossOf(growth))

  function growthsOf(bets: readonly BetCost[], arms: ArmRates, slowdown: number): BetGrowth[] {
    return levels.flatMap((level, index) => {
      const events = {
        canary: chanceBeyond(level, margin / slowdown),
        stable: stable[index] as number,
      }
      return bets.map((cost) => computeGrowth(cost, arms, events, noFloor))
    })
  }

  return (slowdown) => {
    const bets = growthsOf(costs, rates, slowdown)
    const passage = computePassage(bets, decays, alpha, enteredSeconds)
    // Only a rollout's first seconds have no levels yet.
    const learning = enteredSeconds === 0 ? warmUpSeconds : 0
    return { ...passage, meanSeconds: passage.meanSeconds + learning }
  }
}

/** The share of requests that take longer than `factor` × the stable arm's level. Levels lie half a bucket high, on average. */
function chanceBeyond(level: number, factor: number): number {
  const halfBucket = Math.LN2 / BUCKETS_PER_OCTAVE / 2
  return normalCdf(-level - (Math.log(factor) + halfBucket) / spread)
}

function ratioOf(shift: number): number {
  return 2 ** (shift / BUCKETS_PER_OCTAVE)
}
