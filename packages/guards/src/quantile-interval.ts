import { countLatencies, quantileMs } from './latency-histogram.ts'

/** Two-sided, of the normal distribution. */
const Z = 1.96
export const QUANTILE_CONFIDENCE = 0.95

/**
 * Where the true quantile of a histogram's source lies, at 95 %: between the quantiles whose ranks a binomial count can
 * reach. For this window, at one look.
 *
 * @returns Undefined while there are too few requests for both ranks.
 */
export function quantileInterval(
  histogram: ArrayLike<number>,
  quantile: number,
): readonly [low: number, high: number] | undefined {
  const total = countLatencies(histogram)
  const reach = Z * Math.sqrt((quantile * (1 - quantile)) / total)
  if (!(quantile - reach > 0 && quantile + reach < 1)) return undefined
  const low = quantileMs(histogram, quantile - reach)
  const high = quantileMs(histogram, quantile + reach)
  return low === undefined || high === undefined ? undefined : [low, high]
}

/** The ratio of two of them, one ÷ other: as wide as both may be off. */
export function ratioInterval(
  one: readonly [number, number] | undefined,
  other: readonly [number, number] | undefined,
): readonly [low: number, high: number] | undefined {
  if (one === undefined || other === undefined || !(other[0] > 0)) return undefined
  return [one[0] / other[1], one[1] / other[0]]
}
