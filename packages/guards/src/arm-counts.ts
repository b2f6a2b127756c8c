import type { ArmCounts, SeriesCounts } from './counts.ts'
import { addLatency, LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * What an arm did between two totals; all of it where there is none before.
 *
 * What was not known before was, by what the fields mean: each error a unit's own, no unit seen, no event counted. Where the
 * failed units do not add up with that (a source that began to count them late), they are not known here either.
 */
export function subtract(now: ArmCounts, before: ArmCounts | undefined): ArmCounts {
  const errors = now.errors - (before?.errors ?? 0)
  const { units, series } = now
  const failedUnits = subtractFailed(now, before, errors)
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors,
    latency: subtractBuckets(now.latency, before?.latency),
    ...(failedUnits === undefined ? {} : { failedUnits }),
    ...(units === undefined ? {} : { units: units - (before?.units ?? 0) }),
    ...(series === undefined ? {} : { series: subtractSeries(series, before?.series) }),
  }
}

/**
 * What two sources counted together.
 *
 * Where one of them knows no units, each of its errors counts as a failed unit of its own, and it adds no units.
 */
export function sumArms(one: ArmCounts, other: ArmCounts): ArmCounts {
  const knowsFailed = one.failedUnits !== undefined || other.failedUnits !== undefined
  const knowsUnits = one.units !== undefined || other.units !== undefined
  const knowsSeries = one.series !== undefined || other.series !== undefined
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    latency: sumBuckets(one.latency, other.latency),
    ...(knowsFailed ? { failedUnits: failedUnitsOf(one) + failedUnitsOf(other) } : {}),
    ...(knowsUnits ? { units: (one.units ?? 0) + (other.units ?? 0) } : {}),
    ...(knowsSeries ? { series: sumSeries(one.series, other.series) } : {}),
  }
}

/** An arm's series by its name, which may be that of a property every object has. */
export function seriesOf(series: ArmCounts['series'], name: string): SeriesCounts | undefined {
  return series !== undefined && Object.hasOwn(series, name) ? series[name] : undefined
}

function failedUnitsOf({ failedUnits, errors }: ArmCounts): number {
  return failedUnits ?? errors
}

function subtractFailed(
  now: ArmCounts,
  before: ArmCounts | undefined,
  newErrors: number,
): number | undefined {
  if (now.failedUnits === undefined) return undefined
  const failed = now.failedUnits - (before === undefined ? 0 : failedUnitsOf(before))
  return failed >= 0 && failed <= newErrors ? failed : undefined
}

function subtractBuckets(now: ArrayLike<number>, before: ArrayLike<number> | undefined) {
  const difference = new Float64Array(LATENCY_BUCKETS)
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    difference[bucket] = now[bucket]! - (before?.[bucket] ?? 0)
  }
  return difference
}

function subtractSeries(
  now: NonNullable<ArmCounts['series']>,
  before: ArmCounts['series'],
): NonNullable<ArmCounts['series']> {
  const differences = Object.entries(now).map(([name, { count, values }]) => {
    const ground = seriesOf(before, name)
    const difference: SeriesCounts = { count: count - (ground?.count ?? 0) }
    if (values !== undefined) difference.values = subtractBuckets(values, ground?.values)
    return [name, difference] as const
  })
  return Object.fromEntries(differences)
}

function sumSeries(
  one: ArmCounts['series'] = {},
  other: ArmCounts['series'] = {},
): NonNullable<ArmCounts['series']> {
  const sums = new Map(Object.entries(one))
  for (const [name, added] of Object.entries(other))
    sums.set(name, sumEvents(sums.get(name), added))
  return Object.fromEntries(sums)
}

function sumEvents(one: SeriesCounts | undefined, other: SeriesCounts): SeriesCounts {
  const count = (one?.count ?? 0) + other.count
  const values = one?.values && other.values ? sumBuckets(one.values, other.values) : undefined
  const known = values ?? one?.values ?? other.values
  return known === undefined ? { count } : { count, values: Float64Array.from(known) }
}

function sumBuckets(one: ArrayLike<number>, other: ArrayLike<number>): Float64Array {
  const sum = Float64Array.from(one)
  addLatency(sum, other)
  return sum
}
