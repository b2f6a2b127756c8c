import { betterRatios, provableRatios, rarerRatios } from '@sluice/guards'
import { type ArmRates, type BetCost, computeBetCosts } from './bet-costs.ts'

/** What a time of health is expected to prove. */
export interface ProofForecast {
  /** The smallest margin, 0.25 for + 25 %; Infinity where none is. */
  smallestMargin(seconds: number): number
  /** Until the guard's own margin is proven; Infinity where it never is. */
  secondsToProve(): number
}

/** Of the error-rate guard: a healthy canary fails just as often as the stable arm. */
export function createErrorProof(
  rates: ArmRates,
  baseline: number,
  marginRatio: number,
  confidence: number,
): ProofForecast {
  const nulls = [...new Set([...provableRatios, marginRatio])]
    .filter((ratio) => ratio > 1)
    .sort((a, b) => a - b)
  const ratios = [...betterRatios, ...nulls]
  const growths = computeBetCosts(rates, 1, ratios).map((cost) =>
    logGrowth(cost, baseline, baseline),
  )
  const threshold = -Math.log(1 - confidence)

  /** Half on 1, which is the truth, half on the other ratios below the null. */
  function isProven(ratio: number, seconds: number): boolean {
    const index = ratios.indexOf(ratio)
    const others = growths.slice(0, index)
    const won = others.reduce((sum, growth) => sum + Math.exp(growth * seconds), 0)
    const stake = Math.log((1 + won / others.length) / 2)
    return stake - (growths[index] as number) * seconds >= threshold
  }

  return {
    smallestMargin: (seconds) => toMargin(nulls.find((ratio) => isProven(ratio, seconds))),
    secondsToProve: () =>
      marginRatio > 1 ? findSeconds((seconds) => isProven(marginRatio, seconds)) : Infinity,
  }
}

/** What a margin's own comparison looks like for a healthy canary: the events beyond margin × level, 0–1 of its requests. */
export interface MarginEvents {
  readonly ratio: number
  readonly canary: number
}

/** Of the latency guard: beyond margin × level a healthy canary's requests are rarer than the stable arm's beyond the level. */
export function createRarityProof(
  rates: ArmRates,
  margins: readonly MarginEvents[],
  stable: number,
  marginRatio: number,
  confidence: number,
): ProofForecast {
  const costs = computeBetCosts(rates, 1, rarerRatios)
  const threshold = -Math.log(1 - confidence)

  function isProven({ canary }: MarginEvents, seconds: number): boolean {
    const logs = costs.map((cost) => logGrowth(cost, canary, stable) * seconds)
    const largest = Math.max(...logs)
    const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0)
    return largest + Math.log(sum / logs.length) >= threshold
  }

  return {
    smallestMargin: (seconds) =>
      toMargin(margins.find((margin) => isProven(margin, seconds))?.ratio),
    secondsToProve() {
      const own = margins.find(({ ratio }) => ratio >= marginRatio)
      return own === undefined ? Infinity : findSeconds((seconds) => isProven(own, seconds))
    },
  }
}

function logGrowth(cost: BetCost, canary: number, stable: number): number {
  return cost.compared * canary * cost.logRatio - canary * cost.canary - stable * cost.stable
}

function toMargin(ratio: number | undefined): number {
  return ratio === undefined ? Infinity : ratio - 1
}

/** Three years, as for what is found. */
const longestSeconds = 1e8

function findSeconds(isProven: (seconds: number) => boolean): number {
  let low = 0
  let high = 1
  while (!isProven(high)) {
    low = high
    high *= 2
    if (high > longestSeconds) return Infinity
  }
  while (high - low > 1e-3 * high) {
    const middle = (low + high) / 2
    if (isProven(middle)) high = middle
    else low = middle
  }
  return high
}
