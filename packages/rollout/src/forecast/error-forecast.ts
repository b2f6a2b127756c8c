import type { ErrorRateGuard } from '@sluice/guards'
import { betFactors } from '@sluice/guards'
import { type ArmRates, type BetCost, computeBetCosts } from './bet-costs.ts'
import { type BetGrowth, computeGrowth } from './bet-growth.ts'
import { computePassage, lossOf, type Passage } from './first-passage.ts'
import { createErrorProof } from './margin-forecast.ts'
import { createBlindForecast, findSmallest, type RatioForecast } from './ratio-forecast.ts'
import type { StageTraffic } from './stage-traffic.ts'

/** How much worse a canary may be, for people who ask how long it takes. */
const askedRatios = [2, 3, 10]

/** From one start to the next, which are 30 s apart, a bet wins the lesser of two sums. See guards, `wealth.ts`. */
const windowSeconds = 30

/** What one stage's error-rate guard will find and prove. */
export function forecastErrors(
  guard: ErrorRateGuard,
  alpha: number,
  stage: StageTraffic,
  baseline: number,
): RatioForecast {
  const { marginRatio, rollbackRatio, confidence } = guard
  const terms = { rollbackRatio, confidence, policyMargin: marginRatio - 1 }
  if (stage.isBlind) return createBlindForecast(terms, askedRatios)
  const passageOf = createErrorPassage(guard, alpha, stage, baseline)
  const proof = createErrorProof(stage.rates, baseline, marginRatio, confidence)
  const worst = 1 / baseline
  return {
    ...terms,
    smallestRatioFound: findSmallest(marginRatio, worst, stage.monitorSeconds, passageOf),
    // Nothing fails more often than always.
    secondsToFind: Object.fromEntries(
      askedRatios.map((ratio) => [ratio, ratio > worst ? Infinity : passageOf(ratio).meanSeconds]),
    ),
    smallestMarginProven: proof.smallestMargin(stage.monitorSeconds),
    msToProvePolicy: 1000 * proof.secondsToProve(),
  }
}

/** When a canary that fails `ratio` times as often as the stable arm from the stage's beginning on is found. */
function createErrorPassage(
  guard: ErrorRateGuard,
  alpha: number,
  { rates, before = rates, enteredSeconds }: StageTraffic,
  baseline: number,
): (ratio: number) => Passage {
  const { marginRatio, floorRatio, minErrors } = guard
  const clusterSize = guard.clusterSize ?? 1
  const costs = computeBetCosts(rates, marginRatio, betFactors)
  const costsBefore = before === rates ? costs : computeBetCosts(before, marginRatio, betFactors)
  const decays = costsBefore.map((cost) =>
    lossOf(growthOf(cost, before, baseline, windowSeconds).growth),
  )

  return (ratio) => {
    let passage = passageWith(ratio, windowSeconds)
    // What is found within a window has less than the window's sums to be the lesser of.
    if (passage.meanSeconds < windowSeconds) passage = passageWith(ratio, passage.meanSeconds)
    const leastSeconds = minErrors / (rates.canary * ratio * baseline)
    return { ...passage, meanSeconds: Math.max(passage.meanSeconds, leastSeconds) }
  }

  function passageWith(ratio: number, window: number): Passage {
    const bets = costs.map((cost) => growthOf(cost, rates, ratio * baseline, window))
    return computePassage(bets, decays, alpha, enteredSeconds)
  }

  function growthOf(cost: BetCost, arms: ArmRates, canary: number, window: number): BetGrowth {
    const floor = { floorRatio, windowSeconds: window }
    const own = computeGrowth(cost, arms, { canary, stable: baseline }, floor)
    if (clusterSize === 1) return own
    return {
      growth: own.growth / clusterSize,
      variance: own.variance / clusterSize ** 2,
      jump: own.jump / clusterSize,
    }
  }
}
