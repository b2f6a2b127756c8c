import { LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * One histogram, walked through once for all who look at it: of some hundred requests most buckets are empty, and guards
 * need but a few sums of it.
 */
export interface HistogramView {
  /** `from[b]`: how many are in bucket b and above. 305 long; the first is all of them, the last is 0. */
  readonly from: Float64Array
  /** The buckets that are not empty, the first `usedCount` of them. */
  readonly used: Uint16Array
  readonly usedCount: number
  /**
   * Takes in a histogram, in place of the one before. Allocates nothing.
   *
   * @returns Whether every count is one; where not, the view is not to be used.
   */
  read(histogram: ArrayLike<number>): boolean
}

/** Both arms' latencies in a tick. */
export interface TickViews {
  readonly stable: HistogramView
  readonly canary: HistogramView
}

/** A view that has read nothing yet. */
export function createHistogramView(): HistogramView {
  const from = new Float64Array(LATENCY_BUCKETS + 1)
  const used = new Uint16Array(LATENCY_BUCKETS)
  let usedCount = 0

  return {
    from,
    used,
    get usedCount() {
      return usedCount
    },
    read(histogram) {
      usedCount = 0
      if (histogram.length !== LATENCY_BUCKETS) return false
      // Counted in a variable of its own: one that others see is written back in each turn, at half of the speed.
      let count = 0
      let sum = 0
      for (let bucket = LATENCY_BUCKETS - 1; bucket >= 0; bucket--) {
        const here = histogram[bucket]!
        if (here !== 0) {
          if (!(here > 0 && here <= Number.MAX_SAFE_INTEGER)) return false
          sum += here
          used[count++] = bucket
        }
        from[bucket] = sum
      }
      usedCount = count
      return true
    },
  }
}

/** Views of both arms. */
export function createTickViews(): TickViews {
  return { stable: createHistogramView(), canary: createHistogramView() }
}
