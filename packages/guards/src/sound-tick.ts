import type { ArmCounts, SeriesCounts, Tick } from './counts.ts'
import type { TickViews } from './histogram-view.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * Whether all that a tick says can be so. One that cannot is dropped whole: which of its numbers is wrong, nobody knows.
 *
 * @param views To be read from the tick's latencies; undefined where nobody looks at them: then they are not checked.
 */
export function isSoundTick(tick: Tick, views: TickViews | undefined): boolean {
  const { stable, canary, calibration, processes, canaryShare } = tick
  return (
    isSoundArm(stable) &&
    isSoundArm(canary) &&
    (views === undefined ||
      (views.stable.read(stable.latency) && views.canary.read(canary.latency))) &&
    (calibration === undefined || (calibration >= 1 && calibration < Infinity)) &&
    (processes === undefined || (processes >= 1 && processes < Infinity)) &&
    (canaryShare === undefined || (canaryShare >= 0 && canaryShare <= 1))
  )
}

function isSoundArm({ requests, errors, failedUnits, units, series }: ArmCounts): boolean {
  return (
    errors >= 0 &&
    requests >= errors &&
    isCount(requests) &&
    (failedUnits === undefined || (failedUnits >= 0 && failedUnits <= errors)) &&
    (units === undefined || isCount(units)) &&
    (series === undefined || Object.values(series).every(isSoundSeries))
  )
}

function isSoundSeries({ count, values }: SeriesCounts): boolean {
  return isCount(count) && (values === undefined || isSoundHistogram(values))
}

function isSoundHistogram(histogram: ArrayLike<number>): boolean {
  if (histogram.length !== LATENCY_BUCKETS) return false
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (!isCount(histogram[bucket]!)) return false
  }
  return true
}

/** Beyond the safe integers counts are no longer exact. */
function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
