import { shareAt } from './bets.ts'
import { restoreNumbers, type SavedNumber, saveNumbers } from './saved-numbers.ts'

/** Proves margins of the error ratio: "the canary is at most this many times the stable arm". */
export interface MarginProof {
  /** Adds one tick; both arms must have served. */
  observe(
    canaryErrors: number,
    stableErrors: number,
    canaryRequests: number,
    stableRequests: number,
  ): void
  /** The smallest ratio proven not to be reached, or undefined while there is none. */
  readProvenRatio(): number | undefined
  save(): readonly SavedNumber[]
  /** @throws SluiceError `invalid_checkpoint`. */
  restore(saved: unknown): void
}

/** Ratios that can be proven; a person reads them as + 5 %, + 10 % … + 400 %. */
export const provableRatios: readonly number[] = [
  1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2, 2.5, 3, 4, 5,
]

/** Bets that the canary is better than the stable arm. */
export const betterRatios: readonly number[] = [0.5, 0.7, 0.85]

/**
 * To disprove "the canary is at least r0 times as bad", money is bet on smaller ratios: half on 1, which is what a
 * healthy canary is, half evenly on every other ratio of the grid below r0.
 *
 * @param marginRatio The guard's own margin joins the grid.
 * @param confidence 0–1. The proof may err with probability 1 − confidence.
 */
export function createMarginProof(marginRatio: number, confidence: number): MarginProof {
  const nulls = [...new Set([...provableRatios, marginRatio])]
    .filter((ratio) => ratio > 1)
    .sort((a, b) => a - b)
  const ratios = Float64Array.from([...betterRatios, ...nulls])
  const logRatios = ratios.map(Math.log)
  const firstNull = betterRatios.length
  const threshold = -Math.log(1 - confidence)
  // Cumulative log likelihood of each ratio against ratio 1, given each tick's total of errors.
  const logLikelihoods = new Float64Array(ratios.length)

  function observe(
    canaryErrors: number,
    stableErrors: number,
    canaryRequests: number,
    stableRequests: number,
  ): void {
    const errors = canaryErrors + stableErrors
    if (errors === 0) return
    const share = shareAt(1, canaryRequests, stableRequests)
    for (let index = 0; index < ratios.length; index++) {
      logLikelihoods[index]! +=
        canaryErrors * logRatios[index]! - errors * Math.log(1 + (ratios[index]! - 1) * share)
    }
  }

  function readProvenRatio(): number | undefined {
    for (let nullIndex = firstNull; nullIndex < ratios.length; nullIndex++) {
      if (readLogWealth(nullIndex) >= threshold) return ratios[nullIndex]
    }
    return undefined
  }

  /** ln of ½ e^(F(1) − F(r0)) + ½ mean over the ratios r1 below r0 of e^(F(r1) − F(r0)), where F(1) = 0. */
  function readLogWealth(nullIndex: number): number {
    let largest = 0
    for (let index = 0; index < nullIndex; index++) {
      largest = Math.max(largest, logLikelihoods[index]!)
    }
    let sum = Math.exp(-largest)
    for (let index = 0; index < nullIndex; index++) {
      sum += Math.exp(logLikelihoods[index]! - largest) / nullIndex
    }
    return largest + Math.log(sum / 2) - logLikelihoods[nullIndex]!
  }

  return {
    ...{ observe, readProvenRatio },
    save: () => saveNumbers(logLikelihoods),
    restore: (saved) => restoreNumbers(logLikelihoods, saved),
  }
}
