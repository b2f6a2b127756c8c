import { readNumbers, type SavedNumber, saveNumbers } from './saved-numbers.ts'

/** Estimates when growing evidence will reach what a failure needs. */
export interface Projection {
  /** Whether a new sample is due, so that callers need not compute one at every tick. */
  isDue(at: number): boolean
  /** @param share Evidence as a share of the threshold; may be negative. */
  note(at: number, share: number): void
  /** Seconds until the share reaches 1 at the growth of the last 10 to 20 s; undefined when it does not grow or is none. */
  readSeconds(at: number, share: number): number | undefined
  save(): readonly SavedNumber[]
  /** @throws SluiceError `invalid_checkpoint`. */
  restore(saved: unknown): void
}

/** Evidence grows in jumps, an error at a time; ten seconds smooth them and still follow a fast decay. */
const SAMPLE_EVERY_MS = 10_000

/** Starts without samples. */
export function createProjection(): Projection {
  let olderAt = Number.NaN
  let olderShare = 0
  let newerAt = Number.NaN
  let newerShare = 0

  return {
    save: () => saveNumbers([olderAt, olderShare, newerAt, newerShare]),
    restore(saved) {
      const samples = readNumbers(saved, 4)
      olderAt = samples[0]!
      olderShare = samples[1]!
      newerAt = samples[2]!
      newerShare = samples[3]!
    },
    isDue: (at) => !(at - newerAt < SAMPLE_EVERY_MS),
    note(at, share) {
      olderAt = newerAt
      olderShare = newerShare
      newerAt = at
      newerShare = share
    },
    readSeconds(at, share) {
      // At or below zero nothing speaks against the canary, and a projection would only frighten.
      if (share <= 0 || share >= 1) return undefined
      const fromAt = Number.isNaN(olderAt) ? newerAt : olderAt
      const fromShare = Number.isNaN(olderAt) ? newerShare : olderShare
      const growthPerSecond = ((share - fromShare) / (at - fromAt)) * 1000
      return growthPerSecond > 0 && growthPerSecond < Infinity
        ? (1 - share) / growthPerSecond
        : undefined
    },
  }
}
