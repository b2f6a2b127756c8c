/**
 * How many buckets there are: 2^30.
 *
 * Fine enough that a percentage of any practical precision is exact, and below 2^31, so that a
 * bucket is always a small integer to V8.
 */
export const bucketCount = 2 ** 30

/**
 * The first bucket beyond a share: a subject is inside where `bucket < bucketLimit(share)`.
 *
 * @param sharePercent 0 to 100. 0 owns nobody, 100 everybody.
 * @returns An integer in [0, 2^30].
 */
export function bucketLimit(sharePercent: number): number {
  return Math.round((sharePercent / 100) * bucketCount)
}

/**
 * Cuts the line into half-open ranges in declared order, so that moving weight between neighbours
 * moves only the difference.
 *
 * @param weights Percentages that sum to 100.
 * @returns For each weight the first bucket beyond its range; the last is 2^30.
 */
export function splitLimits(weights: readonly number[]): number[] {
  let sum = 0
  return weights.map((weight, index) => {
    sum += weight
    return index === weights.length - 1 ? bucketCount : bucketLimit(sum)
  })
}
