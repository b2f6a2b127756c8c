import type { ArmCounts, SeriesCounts, Tick } from './counts.ts'
import type { TickViews } from './histogram-view.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * Whether all that a tick says can be so. One that cannot is dropped whole: which of its numbers is wrong, nobody knows.
 *
 * @param views To be read from the tick's latencies; undefined where nobody looks at them: then they are not checked.
 */
export function isSoundTick(tick: Tick, views: TickViews | undefined): boolean {
  const { at, stable, canary, calibration, processes, canaryShare } = tick
  return (
    typeof at === 'number' &&
    isSoundArm(stable) &&
    isSoundArm(canary) &&
    (views === undefined ||
      (isList(stable.latency) &&
        isList(canary.latency) &&
        views.stable.read(stable.latency) &&
        views.canary.read(canary.latency))) &&
    (calibration === undefined || (isCount(calibration) && calibration >= 1)) &&
    (processes === undefined || (isCount(processes) && processes >= 1)) &&
    (canaryShare === undefined || (isCount(canaryShare) && canaryShare <= 1))
  )
}

/** A tick may come from a file: it is taken for nothing. */
function isSoundArm(arm: ArmCounts | undefined | null): boolean {
  if (arm === undefined || arm === null) return false
  const { requests, errors, failedUnits, units, series } = arm
  return (
    isCount(requests) &&
    isCount(errors) &&
    requests >= errors &&
    (failedUnits === undefined || (isCount(failedUnits) && failedUnits <= errors)) &&
    (units === undefined || isCount(units)) &&
    (series === undefined || (isList(series) && Object.values(series).every(isSoundSeries)))
  )
}

function isSoundSeries(events: SeriesCounts | undefined | null): boolean {
  if (events === undefined || events === null) return false
  const { count, values } = events
  return isCount(count) && (values === undefined || (isList(values) && isSoundHistogram(values)))
}

function isList(list: unknown): boolean {
  return typeof list === 'object' && list !== null
}

function isSoundHistogram(histogram: ArrayLike<number>): boolean {
  if (histogram.length !== LATENCY_BUCKETS) return false
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (!isCount(histogram[bucket]!)) return false
  }
  return true
}

/** Beyond the safe integers counts are no longer exact. */
function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
