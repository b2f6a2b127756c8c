/** How many values lie between two bounds, in the metric's own unit. */
export interface ValueBucket {
  readonly low: number
  readonly high: number
  readonly count: number
}

/** What a data point tells, with every bucket it has: buckets of one point always come in one order. */
export type HistogramValue = { readonly buckets: readonly ValueBucket[] }

/** Reads a point of a histogram with explicit bounds; undefined where it is none. */
export function readExplicit(value: unknown): HistogramValue | undefined {
  const { buckets } = Object(value) as { buckets?: unknown }
  const { boundaries, counts } = Object(buckets) as { boundaries?: unknown; counts?: unknown }
  if (!isCounts(counts) || !Array.isArray(boundaries)) return undefined
  if (counts.length !== boundaries.length + 1) return undefined
  return {
    buckets: counts.map((count, index) => ({
      low: index === 0 ? 0 : Number(boundaries[index - 1]),
      high: index === boundaries.length ? Infinity : Number(boundaries[index]),
      count,
    })),
  }
}

/**
 * Reads a point of an exponential histogram; undefined where it is none. Bucket i of one with the scale s holds what is above
 * 2^(i / 2^s), up to the next. What is below zero is no duration and is left out.
 */
export function readExponential(value: unknown): HistogramValue | undefined {
  const { scale, zeroCount, positive } = Object(value) as Record<string, unknown>
  const { offset, bucketCounts } = Object(positive) as { offset?: unknown; bucketCounts?: unknown }
  if (typeof scale !== 'number' || typeof offset !== 'number' || !isCounts(bucketCounts)) {
    return undefined
  }
  if (!isCounts([zeroCount])) return undefined
  const boundOf = (index: number) => 2 ** (index / 2 ** scale)
  return {
    buckets: [
      { low: 0, high: 0, count: zeroCount as number },
      ...bucketCounts.map((count, index) => ({
        low: boundOf(offset + index),
        high: boundOf(offset + index + 1),
        count,
      })),
    ],
  }
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isFinite(count) && count >= 0)
}
