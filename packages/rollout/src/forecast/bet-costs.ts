import { poissonCounts } from './distributions.ts'

/** Requests per second that reach each arm. */
export interface ArmRates {
  readonly canary: number
  readonly stable: number
}

/** What a bet on one ratio pays on average, in a second, for each event ratio (0–1) of an arm. */
export interface BetCost {
  readonly ratio: number
  readonly logRatio: number
  /** Σ n_c ln(1 + (ratio − 1) q) on average, for each event ratio of the canary. */
  readonly canary: number
  /** The same of the stable arm. */
  readonly stable: number
  /** Canary requests in ticks in which both arms serve: no other tick counts. */
  readonly compared: number
  /** What one event costs in the average tick. */
  readonly event: number
}

/**
 * What bets against "the canary's events are at most `claim` times as frequent" cost with a look every second.
 *
 * With few requests a second, most ticks lack an arm and say nothing, so the cost is averaged over Poisson counts.
 *
 * @param ratios What the bets say: so many times what the claim allows.
 */
export function computeBetCosts(
  rates: ArmRates,
  claim: number,
  ratios: readonly number[],
): BetCost[] {
  const canaryCounts = poissonCounts(rates.canary)
  const stableCounts = poissonCounts(rates.stable)
  return ratios.map((ratio) => {
    let canary = 0
    let stable = 0
    let compared = 0
    for (const [n, chance] of canaryCounts) {
      if (n === 0) continue
      for (const [m, otherChance] of stableCounts) {
        if (m === 0) continue
        const both = chance * otherChance
        const cost = logCost(n, m)
        canary += both * n * cost
        stable += both * m * cost
        compared += both * n
      }
    }
    const event = logCost(rates.canary, rates.stable)
    return { ratio, logRatio: Math.log(ratio), canary, stable, compared, event }

    function logCost(n: number, m: number): number {
      return Math.log(1 + ((ratio - 1) * claim * n) / (claim * n + m))
    }
  })
}
