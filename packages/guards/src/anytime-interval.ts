/**
 * How much is bet on the first data: the interval is narrowest once the information is some eight times this, two dozen errors.
 *
 * An information of 10 is a standard error of a third; with less, a ratio of errors hardly tells anything, and this says so.
 */
const PRIOR_INFORMATION = 3

/** JSON holds no Infinity. */
const LARGEST = 1e308

/**
 * Where the true value of a positive estimate lies, over all looks at once with the given confidence.
 *
 * A normal mixture (Robbins) on the logarithm: an approximation that needs some ten events to be a good one.
 *
 * @param estimate Above 0.
 * @param information One over the variance of the estimate's logarithm.
 * @param confidence 0–1.
 */
export function anytimeInterval(
  estimate: number,
  information: number,
  confidence: number,
): readonly [low: number, high: number] {
  if (!(information > 0)) return [0, LARGEST]
  const grown = information + PRIOR_INFORMATION
  const bits = 2 * Math.log(1 / (1 - confidence)) + Math.log(grown / PRIOR_INFORMATION)
  const factor = Math.exp(Math.sqrt(grown * bits) / information)
  return [estimate / factor, Math.min(LARGEST, estimate * factor)]
}

/**
 * The information of a share's logarithm, of so many hits in so many trials.
 *
 * Two of two leave no variance by themselves, and are yet no certainty: each side is granted one more (Laplace).
 */
export function informationOfShare(hits: number, trials: number): number {
  return (hits * (trials + 2)) / (trials - hits + 1)
}
