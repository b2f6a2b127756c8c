import type { ArmRates, BetCost } from './bet-costs.ts'
import { normalCdf, normalDensity } from './distributions.ts'

/** How the money of one bet moves while events are as frequent as they are, in natural logarithms a second. */
export interface BetGrowth {
  /** On average. */
  readonly growth: number
  readonly variance: number
  /** What one more canary event wins: by about half of it the money overshoots what it had to reach. */
  readonly jump: number
}

/** How often the events are that are compared, 0–1 of an arm's requests. */
export interface EventRatios {
  readonly canary: number
  readonly stable: number
}

/** A claim beside the first: "the canary's events are at most this frequent". See `createRatioMonitor`. */
export interface FloorClaim {
  /** 0–1; 0 where there is none. */
  readonly floorRatio: number
  /** From one start to the next a bet wins the lesser of what it wins against either claim. At least 1 s. */
  readonly windowSeconds: number
}

/** The growth of a bet against both claims. */
export function computeGrowth(
  cost: BetCost,
  rates: ArmRates,
  { canary, stable }: EventRatios,
  { floorRatio, windowSeconds }: FloorClaim,
): BetGrowth {
  const { logRatio, event, compared } = cost
  const jump = logRatio - event
  const won = compared * canary * logRatio
  const growth = won - canary * cost.canary - stable * cost.stable
  const hits = rates.canary * canary
  const misses = rates.stable * stable
  const variance = hits * (1 - canary) * jump ** 2 + misses * (1 - stable) * event ** 2
  if (floorRatio === 0) return { growth, variance, jump }

  const floorGrowth = won - compared * Math.log(1 + (cost.ratio - 1) * floorRatio)
  const floorVariance = hits * (1 - canary) * logRatio ** 2
  // Over a window the difference of both sums is about normal; the lesser is the floor's where it is above 0.
  const mean = (growth - floorGrowth) * windowSeconds
  const deviation = event * Math.sqrt((hits + misses) * windowSeconds)
  const z = mean / deviation
  const lesser = mean * normalCdf(-z) - deviation * normalDensity(z)
  const floorShare = normalCdf(z)
  return {
    growth: floorGrowth + lesser / windowSeconds,
    variance: floorShare * floorVariance + (1 - floorShare) * variance,
    jump,
  }
}
