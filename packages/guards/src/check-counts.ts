import { seriesOf } from './arm-counts.ts'
import type { ArmCounts, HealthCounts, SeriesCounts } from './counts.ts'
import { readDeclaration } from './declared.ts'
import { countLatencies, LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * Longest stretch one tick may cover, in ms.
 *
 * Within a tick the arms are compared as if the split and the rates stood still. Over more than a minute they may not,
 * and a changing split makes a false difference out of a changing rate (Simpson's paradox).
 */
export const LONGEST_TICK_MS = 60_000

/** What makes totals impossible in themselves, as a line for people. */
export function findInvalid(counts: HealthCounts): string | undefined {
  for (const name of ['stable', 'canary'] as const) {
    const fault = findInvalidArm(counts?.[name])
    if (fault !== undefined) return `${name}: ${fault}`
  }
  const { processes, declared } = counts
  if (processes !== undefined && !(isCount(processes) && processes >= 1)) {
    return `processes is ${processes}`
  }
  if (declared !== undefined && readDeclaration(declared) === undefined) {
    return `declared is no declaration: ${String(Object(declared).condition)}`
  }
  return undefined
}

/**
 * What makes totals impossible after those read before from the same counter, as a line for people.
 *
 * A counter that was known and is not any more has fallen, too: should it come back, all of it would count again.
 */
export function findFallen(now: HealthCounts, before: HealthCounts): string | undefined {
  for (const name of ['stable', 'canary'] as const) {
    const fault = findFallenArm(now[name], before[name])
    if (fault !== undefined) return `${name}: ${fault}`
  }
  return undefined
}

function findInvalidArm(arm: ArmCounts | undefined): string | undefined {
  if (arm === undefined || arm === null) return 'no counts'
  const { requests, errors, failedUnits, units, series } = arm
  if (!isCount(requests)) return `requests is ${requests}`
  if (!isCount(errors)) return `errors is ${errors}`
  if (errors > requests) return `${errors} errors in ${requests} requests`
  if (failedUnits !== undefined) {
    if (!isCount(failedUnits)) return `failedUnits is ${failedUnits}`
    if (failedUnits > errors) return `${failedUnits} failed units in ${errors} errors`
  }
  if (units !== undefined && !isCount(units)) return `units is ${units}`
  return findInvalidBuckets('latency', arm.latency) ?? findInvalidSeries(series)
}

function findInvalidSeries(series: ArmCounts['series']): string | undefined {
  if (series === undefined) return undefined
  if (typeof series !== 'object' || series === null) return `series is ${series}`
  for (const [name, events] of Object.entries(series)) {
    if (!isCount(events?.count)) return `series ${name}: count is ${events?.count}`
    const { values } = events
    if (values === undefined) continue
    const fault = findInvalidBuckets(`series ${name}: values`, values)
    if (fault !== undefined) return fault
    if (countLatencies(values) > events.count) return `series ${name}: more values than events`
  }
  return undefined
}

function findInvalidBuckets(what: string, buckets: ArrayLike<number>): string | undefined {
  if (buckets?.length !== LATENCY_BUCKETS) return `${what} has no ${LATENCY_BUCKETS} buckets`
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (!isCount(buckets[bucket]!)) return `${what} bucket ${bucket} is ${buckets[bucket]}`
  }
  return undefined
}

function findFallenArm(now: ArmCounts, before: ArmCounts): string | undefined {
  const fault =
    findFallenCount('requests', now.requests, before.requests) ??
    findFallenCount('errors', now.errors, before.errors)
  if (fault !== undefined) return fault
  if (now.errors - before.errors > now.requests - before.requests) {
    return 'more new errors than new requests'
  }
  return (
    findFallenBuckets('latency', now.latency, before.latency) ??
    findFallenCount('failedUnits', now.failedUnits, before.failedUnits) ??
    findFallenFailed(now, before) ??
    findFallenCount('units', now.units, before.units) ??
    findFallenSeries(now.series, before.series)
  )
}

function findFallenFailed(now: ArmCounts, before: ArmCounts): string | undefined {
  const failed = (now.failedUnits ?? 0) - (before.failedUnits ?? Infinity)
  return failed > now.errors - before.errors ? 'more new failed units than new errors' : undefined
}

function findFallenSeries(
  now: ArmCounts['series'],
  before: ArmCounts['series'],
): string | undefined {
  for (const [name, ground] of Object.entries(before ?? {})) {
    const events: SeriesCounts | undefined = seriesOf(now, name)
    const fault =
      findFallenCount(`series ${name}`, events?.count, ground.count) ??
      (ground.values && findFallenBuckets(`series ${name}: values`, events?.values, ground.values))
    if (fault !== undefined) return fault
  }
  return undefined
}

function findFallenCount(
  what: string,
  now: number | undefined,
  before: number | undefined,
): string | undefined {
  if (before === undefined || (now !== undefined && now >= before)) return undefined
  return `${what} fell from ${before} to ${now ?? 'nothing'}`
}

function findFallenBuckets(
  what: string,
  now: ArrayLike<number> | undefined,
  before: ArrayLike<number>,
): string | undefined {
  if (now === undefined) return `${what} fell from ${before.length} buckets to nothing`
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (now[bucket]! < before[bucket]!) return `${what} bucket ${bucket} fell`
  }
  return undefined
}

/** Beyond the safe integers a difference of totals is no longer exact. */
function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
