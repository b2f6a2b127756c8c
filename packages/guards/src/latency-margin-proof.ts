import { shareAt } from './bets.ts'
import { restoreNumbers, type SavedNumber, saveNumbers } from './saved-numbers.ts'

/** Proves margins of latency, each by its own count of canary requests beyond margin × the stable arm's p95. */
export interface LatencyMarginProof {
  /** The provable margins in histogram buckets above the stable level. */
  readonly shifts: readonly number[]
  /**
   * Adds one tick.
   *
   * @param canaryEvents Per shift: canary requests beyond the level moved up by it.
   * @param stableEvents Stable requests beyond the level itself.
   */
  observe(
    canaryEvents: Float64Array,
    stableEvents: number,
    canaryRequests: number,
    stableRequests: number,
  ): void
  /** The smallest proven margin in buckets, or undefined while there is none. */
  readProvenShift(): number | undefined
  save(): readonly SavedNumber[]
  /** @throws SluiceError `invalid_checkpoint`. */
  restore(saved: unknown): void
}

/** ×1.12, ×1.2, ×1.34, ×1.49, ×1.73, ×2, ×3, ×4 in buckets of 1/19 octave. */
export const provableShifts: readonly number[] = [3, 5, 8, 11, 15, 19, 30, 38]

/** A healthy canary exceeds 1.2 × the stable p95 about half as often as stable the p95, and larger margins hardly ever. */
export const rarerRatios: readonly number[] = [0.2, 0.5, 0.8]
const logRarerRatios = rarerRatios.map(Math.log)

/**
 * @param marginShift The guard's own margin in buckets joins the provable ones.
 * @param confidence 0–1.
 */
export function createLatencyMarginProof(
  marginShift: number,
  confidence: number,
): LatencyMarginProof {
  const shifts = [...new Set([...provableShifts, marginShift])].sort((a, b) => a - b)
  const bets = rarerRatios.length
  const threshold = -Math.log(1 - confidence)
  const costs = new Float64Array(bets)
  const logWealths = new Float64Array(shifts.length * bets)

  function observe(
    canaryEvents: Float64Array,
    stableEvents: number,
    canaryRequests: number,
    stableRequests: number,
  ): void {
    const share = shareAt(1, canaryRequests, stableRequests)
    for (let bet = 0; bet < bets; bet++) costs[bet] = Math.log(1 + (rarerRatios[bet]! - 1) * share)
    for (let shift = 0; shift < shifts.length; shift++) {
      const hits = canaryEvents[shift]!
      const trials = hits + stableEvents
      for (let bet = 0; bet < bets; bet++) {
        logWealths[shift * bets + bet]! += hits * logRarerRatios[bet]! - trials * costs[bet]!
      }
    }
  }

  function readProvenShift(): number | undefined {
    return shifts.find((_, shift) => {
      const own = logWealths.subarray(shift * bets, (shift + 1) * bets)
      const largest = Math.max(...own)
      const sum = own.reduce((total, value) => total + Math.exp(value - largest), 0)
      return largest + Math.log(sum / bets) >= threshold
    })
  }

  return {
    ...{ shifts, observe, readProvenShift },
    save: () => saveNumbers(logWealths),
    restore: (saved) => restoreNumbers(logWealths, saved),
  }
}
