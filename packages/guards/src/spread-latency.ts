import { BUCKETS_PER_OCTAVE, LATENCY_BUCKETS, SHORTEST_MS } from './latency-histogram.ts'

/** A bound this close to one of ours, in buckets, is ours, written with six digits. A bucket is 3.7 % wide, this 0.004 %. */
const SNAP = 1e-3

/**
 * Adds durations of which only the bounds are known, evenly on the log scale between them.
 *
 * Nothing else is known of them, so a quantile that lies within the bounds may be off by as much as the bounds are apart.
 * Where the upper bound is infinite, all are counted as just longer than the lower one: at least that long, and nothing
 * beyond is made up.
 *
 * @param into 304 buckets.
 * @param count At least 0; what is added to the buckets sums to it, within rounding.
 * @param lowMs At least 0. Below 0.25 ms it stands for 0.25 ms.
 */
export function spreadLatency(
  into: Float64Array,
  count: number,
  lowMs: number,
  highMs: number,
): void {
  const low = positionOf(lowMs)
  const high = highMs === Infinity ? low : positionOf(highMs)
  if (high <= low) {
    into[Math.min(LATENCY_BUCKETS - 1, Math.floor(low))]! += count
    return
  }
  for (let bucket = Math.floor(low); bucket < high; bucket++) {
    const share = Math.min(bucket + 1, high) - Math.max(bucket, low)
    into[bucket]! += (count * share) / (high - low)
  }
}

/** Where a duration stands among the buckets: 0 … 304. */
function positionOf(ms: number): number {
  if (!(ms > SHORTEST_MS)) return 0
  const position = BUCKETS_PER_OCTAVE * Math.log2(ms / SHORTEST_MS)
  const nearest = Math.round(position)
  const snapped = Math.abs(position - nearest) < SNAP ? nearest : position
  return Math.min(LATENCY_BUCKETS, snapped)
}
