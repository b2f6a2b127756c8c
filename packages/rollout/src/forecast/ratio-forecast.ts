import { chanceWithin, type Passage } from './first-passage.ts'

/** What can be said before a stage begins of one comparison of the canary with the stable arm. */
export interface RatioForecast {
  /**
   * From this ratio of canary to stable on, trouble that begins with the stage is found within it with a probability of
   * 95 %. Infinity where none is. Below `rollbackRatio` it is as a rule found for a hold.
   */
  readonly smallestRatioFound: number
  /** From this ratio on a guard's failure asks for rollback. */
  readonly rollbackRatio: number
  /** How long it takes on average to find a canary so many times as bad, however long the stage is. */
  readonly secondsToFind: Readonly<Record<string, number>>
  /** What the stage is expected to prove of a healthy canary: 0.25 is "at most + 25 %". Infinity where nothing. */
  readonly smallestMarginProven: number
  /** How sure the proof is, 0–1. */
  readonly confidence: number
  /** The margin up to which a canary counts as healthy: 0.1 is + 10 %. */
  readonly policyMargin: number
  /** How long the stage would have to be to be expected to prove that margin, in ms. */
  readonly msToProvePolicy: number
}

/** Where one arm is empty nothing can be compared. */
export function createBlindForecast(
  terms: Pick<RatioForecast, 'rollbackRatio' | 'confidence' | 'policyMargin'>,
  ratios: readonly number[],
): RatioForecast {
  return {
    ...terms,
    smallestRatioFound: Infinity,
    secondsToFind: Object.fromEntries(ratios.map((ratio) => [ratio, Infinity])),
    smallestMarginProven: Infinity,
    msToProvePolicy: Infinity,
  }
}

/** The policy's own level for what a plan should find. */
const wantedChance = 0.95

/** Halves a range of at most a thousandfold: half a percent is far closer than what is taken for granted. */
const searchSteps = 11

/**
 * The smallest value of a growing trouble that is found in time with a probability of 95 %.
 *
 * @param from Of this size it is never found.
 * @param to The largest that there is.
 * @returns Infinity where even the largest is not found.
 */
export function findSmallest(
  from: number,
  to: number,
  seconds: number,
  passageOf: (size: number) => Passage,
): number {
  const isFound = (size: number) => chanceWithin(seconds, passageOf(size)) >= wantedChance
  if (!(to > from) || !isFound(to)) return Infinity
  let low = Math.log(from)
  let high = Math.log(to)
  for (let step = 0; step < searchSteps; step++) {
    const middle = (low + high) / 2
    if (isFound(Math.exp(middle))) high = middle
    else low = middle
  }
  return Math.exp(high)
}
