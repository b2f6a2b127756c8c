import { type ArmCounts, createArmCounts, type HealthCounts, type SeriesCounts } from './counts.ts'
import { createDeclaration } from './declared.ts'
import { SluiceError } from './error.ts'
import { countLatencies, LATENCY_BUCKETS } from './latency-histogram.ts'
import { isSeriesName, MOST_SERIES } from './series.ts'

/**
 * An arm's totals as JSON: at most 3 kB with every bucket in use, some 500 bytes as a rule; and for each series up to 100
 * bytes, with values as much again as for latencies.
 *
 * What was not counted is left out, as it was by those who packed before it could be.
 */
export interface PackedArm {
  readonly requests: number
  readonly errors: number
  /** Buckets from the first: a count, or below zero how many empty ones follow. Empty ones at the end are left out. */
  readonly latency: readonly number[]
  readonly failedUnits?: number
  readonly units?: number
  readonly series?: readonly PackedSeries[]
}

/** One of an application's series: its name, how many events, and their values in buckets as latencies are. */
export type PackedSeries = readonly [name: string, count: number, values?: readonly number[]]

/** Both arms' totals as JSON, for processes that tell each other what they counted. */
export interface PackedCounts {
  readonly stable: PackedArm
  readonly canary: PackedArm
  readonly declared?: { readonly condition: string; readonly because: string; readonly at: number }
}

/** Packs totals for the way between processes: both arms, and what was declared. */
export function packCounts({ stable, canary, declared }: HealthCounts): PackedCounts {
  return {
    stable: packArm(stable),
    canary: packArm(canary),
    ...(declared === undefined ? {} : { declared }),
  }
}

/**
 * Unpacks what {@link packCounts} made, or what somebody else left in its place.
 *
 * @throws SluiceError `invalid_counts` for anything that no recorder counts: another shape, fractions, negative or
 * inexact numbers, more errors than requests, more failed units than errors, more buckets than there are, more than 16
 * series. `invalid_declaration` for a declaration of another shape.
 */
export function unpackCounts(packed: unknown): HealthCounts {
  const { stable, canary, declared } = Object(packed) as Partial<PackedCounts>
  const counts = { stable: unpackArm('stable', stable), canary: unpackArm('canary', canary) }
  if (declared === undefined) return counts
  const { condition, because, at } = Object(declared) as Partial<typeof declared>
  return { ...counts, declared: createDeclaration(condition, because, at) }
}

function packArm({ requests, errors, latency, failedUnits, units, series }: ArmCounts): PackedArm {
  return {
    ...{ requests, errors, latency: packBuckets(latency) },
    ...(failedUnits === undefined ? {} : { failedUnits }),
    ...(units === undefined ? {} : { units }),
    ...(series === undefined ? {} : { series: Object.entries(series).map(packSeries) }),
  }
}

function packSeries([name, { count, values }]: [string, SeriesCounts]): PackedSeries {
  return values === undefined ? [name, count] : [name, count, packBuckets(values)]
}

function packBuckets(buckets: ArrayLike<number>): number[] {
  const runs: number[] = []
  let empty = 0
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = buckets[bucket]!
    if (count === 0) {
      empty++
      continue
    }
    if (empty > 0) runs.push(-empty)
    runs.push(count)
    empty = 0
  }
  return runs
}

function unpackArm(name: string, packed: PackedArm | undefined): ArmCounts {
  const { requests, errors, latency, failedUnits, units, series } = Object(
    packed,
  ) as Partial<PackedArm>
  if (!isCount(requests)) throw refuse(name, `requests is ${show(requests)}`)
  if (!isCount(errors)) throw refuse(name, `errors is ${show(errors)}`)
  if (errors > requests) throw refuse(name, `${errors} errors in ${requests} requests`)
  const arm: ArmCounts = { requests, errors, latency: unpackBuckets(name, 'latency', latency) }
  if (failedUnits !== undefined) {
    if (!isCount(failedUnits)) throw refuse(name, `failedUnits is ${show(failedUnits)}`)
    if (failedUnits > errors) throw refuse(name, `${failedUnits} failed units in ${errors} errors`)
    arm.failedUnits = failedUnits
  }
  if (units !== undefined) {
    if (!isCount(units)) throw refuse(name, `units is ${show(units)}`)
    arm.units = units
  }
  if (series !== undefined) arm.series = unpackSeries(name, series)
  return arm
}

function unpackSeries(arm: string, packed: unknown): Record<string, SeriesCounts> {
  if (!Array.isArray(packed)) throw refuse(arm, `series is ${show(packed)}`)
  if (packed.length > MOST_SERIES) throw refuse(arm, `more than ${MOST_SERIES} series`)
  const entries = packed.map((each: unknown): [string, SeriesCounts] => {
    const [name, count, values] = (Array.isArray(each) ? each : []) as unknown[]
    if (!isSeriesName(name)) throw refuse(arm, `a series is named ${show(name)}`)
    if (!isCount(count)) throw refuse(arm, `series ${name} counts ${show(count)}`)
    if (values === undefined) return [name, { count }]
    const buckets = unpackBuckets(arm, `series ${name}`, values)
    if (countLatencies(buckets) > count)
      throw refuse(arm, `series ${name}: more values than events`)
    return [name, { count, values: buckets }]
  })
  const series = Object.fromEntries(entries)
  if (Object.keys(series).length < entries.length) throw refuse(arm, 'a series stands there twice')
  return series
}

function unpackBuckets(arm: string, what: string, packed: unknown): Float64Array {
  if (!Array.isArray(packed)) throw refuse(arm, `${what} is ${show(packed)}`)
  const buckets = createArmCounts().latency as Float64Array
  let bucket = 0
  for (const run of packed as unknown[]) {
    if (!isCount(run) && !(typeof run === 'number' && isCount(-run))) {
      throw refuse(arm, `${what} holds ${show(run)}`)
    }
    if (run < 0) bucket -= run
    else if (bucket < LATENCY_BUCKETS) buckets[bucket++] = run
    else throw refuse(arm, `${what} has more than ${LATENCY_BUCKETS} buckets`)
  }
  return buckets
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 40)
}

function refuse(name: string, fault: string): SluiceError {
  return new SluiceError('invalid_counts', `${name}: ${fault}`)
}
