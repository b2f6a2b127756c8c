/**
 * Buckets per doubling of the duration.
 *
 * With 19, the policy's margins are whole numbers of buckets: ×1.2 is 5 (2^(5/19) = 1.2001) and ×2 is 19. A bucket is
 * 3.7 % wide.
 */
export const BUCKETS_PER_OCTAVE = 19

/** 16 octaves of 19 buckets: a factor of 65,536 between the shortest and the longest duration told apart. */
export const LATENCY_BUCKETS = 304

/**
 * Lower bound of the first bucket, in ms; anything shorter is counted there.
 *
 * 0.25 ms puts the top at 16.4 s, so that the policy's 5 s can still be told from twice (10 s) and three times as much;
 * below 0.25 ms a timer measures the scheduler rather than the request.
 */
export const SHORTEST_MS = 0.25

/** Rounding of log2 must not put a bound into the bucket below it. */
const BOUND_TOLERANCE = 1e-9

/**
 * The bucket a duration is counted in: an integer 0 … 303.
 *
 * @param durationMs At least 0. Below 0.25 ms it lands in bucket 0, from 15.8 s upwards in bucket 303.
 */
export function bucketOf(durationMs: number): number {
  if (durationMs <= SHORTEST_MS) return 0
  const bucket = Math.floor(
    BUCKETS_PER_OCTAVE * Math.log2(durationMs / SHORTEST_MS) + BOUND_TOLERANCE,
  )
  return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1
}

/** The shortest duration of a bucket, in ms. Bucket 0 also holds everything shorter. */
export function bucketLowerMs(bucket: number): number {
  return SHORTEST_MS * 2 ** (bucket / BUCKETS_PER_OCTAVE)
}

/** Where the next bucket begins, in ms. Bucket 303 also holds everything longer. */
export function bucketUpperMs(bucket: number): number {
  return bucketLowerMs(bucket + 1)
}

/**
 * How many buckets a factor spans, rounded up, so that a margin is never tested more strictly than it was written.
 *
 * @param factor At least 1. 1.2 spans 5, 2 spans 19.
 */
export function bucketsInFactor(factor: number): number {
  // 1.2 is 4.998 buckets and 2 is 19 within rounding: the tolerance keeps whole numbers whole.
  return Math.ceil(BUCKETS_PER_OCTAVE * Math.log2(factor) - BOUND_TOLERANCE)
}

/** How many durations a histogram holds. */
export function countLatencies(latency: ArrayLike<number>): number {
  let total = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) total += latency[bucket]!
  return total
}

/**
 * A quantile of a histogram in ms, interpolated within its bucket on the log scale; undefined when it is empty.
 *
 * @param quantile Above 0, at most 1: 0.95 is the p95. Within 3.7 % of the exact value.
 * @param total How many durations the histogram holds, where that is known.
 */
export function quantileMs(
  latency: ArrayLike<number>,
  quantile: number,
  total = countLatencies(latency),
): number | undefined {
  if (total === 0) return undefined
  const rank = quantile * total
  let below = 0
  let bucket = 0
  for (; bucket < LATENCY_BUCKETS - 1; bucket++) {
    const here = latency[bucket]!
    if (here > 0 && below + here >= rank) break
    below += here
  }
  const within = Math.min(1, (rank - below) / (latency[bucket]! || 1))
  return bucketLowerMs(bucket + within)
}

/**
 * The mean of a histogram in ms, each request taken at the middle of its bucket on the log scale; undefined when it
 * is empty. Requests beyond 15.8 s count as 16.1 s.
 */
export function meanMs(latency: ArrayLike<number>): number | undefined {
  let total = 0
  let sum = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = latency[bucket]!
    if (count === 0) continue
    total += count
    sum += count * bucketLowerMs(bucket + 0.5)
  }
  return total === 0 ? undefined : sum / total
}

/** Adds one histogram to another: the histogram of both sets of requests. */
export function addLatency(into: Float64Array, from: ArrayLike<number>): void {
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) into[bucket]! += from[bucket]!
}
