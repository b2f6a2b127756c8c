import { type ArmCounts, createArmCounts, type HealthCounts, type Tick } from './counts.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'

/**
 * Longest stretch one tick may cover, in ms.
 *
 * Within a tick the arms are compared as if the split and the rates stood still. Over more than a minute they may not,
 * and a changing split makes a false difference out of a changing rate (Simpson's paradox).
 */
const LONGEST_TICK_MS = 60_000

/** Why a read contributed nothing. */
export type DropReason =
  /** A counter is missing, no number, negative or beyond 2^53, or errors exceed requests. */
  | 'invalid_counts'
  /** A counter fell, or the source is an older one than before. */
  | 'backwards_counts'
  /** More than a minute since the last good read. */
  | 'gap'

/** Turns successive cumulative reads into ticks. */
export interface Ticker {
  /**
   * The difference to the last good read; empty on the first read and whenever the read is dropped.
   *
   * A dropped read leaves the last good one standing, so the next good one covers both arms' missed stretch exactly once.
   *
   * @param at Epoch ms of the read. A clock that steps back is carried on by 1 ms.
   */
  next(counts: HealthCounts, at: number): Tick
  /** Reads that contributed nothing. */
  readonly dropped: number
}

/** @param options.onDrop Told of every dropped read, with a line for people. */
export function createTicker(
  options: { onDrop?: (reason: DropReason, message: string) => void } = {},
): Ticker {
  let base: HealthCounts | undefined
  let baseAt = 0
  let lastAt = -Infinity
  let dropped = 0

  function next(counts: HealthCounts, at: number): Tick {
    lastAt = at > lastAt ? at : lastAt + 1
    const problem = findProblem(counts, base)
    if (problem !== undefined) return drop(problem[0], problem[1])
    const from = base !== undefined && isRestart(counts, base) ? undefined : base
    const isFirst = base === undefined
    const stretchMs = lastAt - baseAt
    base = copyCounts(counts)
    baseAt = lastAt
    if (isFirst) return emptyTick()
    if (stretchMs > LONGEST_TICK_MS) {
      return drop('gap', `${Math.round(stretchMs / 1000)} s without a good read; counts begin anew`)
    }
    return {
      at: lastAt,
      stable: subtract(counts.stable, from?.stable),
      canary: subtract(counts.canary, from?.canary),
    }
  }

  function drop(reason: DropReason, message: string): Tick {
    dropped++
    options.onDrop?.(reason, message)
    return emptyTick()
  }

  function emptyTick(): Tick {
    return { at: lastAt, stable: createArmCounts(), canary: createArmCounts() }
  }

  return {
    next,
    get dropped() {
      return dropped
    },
  }
}

function findProblem(
  counts: HealthCounts,
  base: HealthCounts | undefined,
): [DropReason, string] | undefined {
  for (const name of ['stable', 'canary'] as const) {
    const arm = counts?.[name]
    const fault = findInvalid(arm)
    if (fault !== undefined) return ['invalid_counts', `${name}: ${fault}`]
  }
  if (base === undefined || isRestart(counts, base)) return undefined
  if ((counts.startedAt ?? 0) < (base.startedAt ?? 0)) {
    return ['backwards_counts', 'the source began earlier than the one read before']
  }
  for (const name of ['stable', 'canary'] as const) {
    const fault = findFallen(counts[name], base[name])
    if (fault !== undefined) return ['backwards_counts', `${name}: ${fault}`]
  }
  return undefined
}

function findInvalid(arm: ArmCounts | undefined): string | undefined {
  if (arm === undefined || arm === null) return 'no counts'
  if (!isCount(arm.requests)) return `requests is ${arm.requests}`
  if (!isCount(arm.errors)) return `errors is ${arm.errors}`
  if (arm.errors > arm.requests) return `${arm.errors} errors in ${arm.requests} requests`
  if (arm.latency?.length !== LATENCY_BUCKETS) return `latency has no ${LATENCY_BUCKETS} buckets`
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (!isCount(arm.latency[bucket]!)) return `latency bucket ${bucket} is ${arm.latency[bucket]}`
  }
  return undefined
}

function findFallen(now: ArmCounts, before: ArmCounts): string | undefined {
  if (now.requests < before.requests)
    return `requests fell from ${before.requests} to ${now.requests}`
  if (now.errors < before.errors) return `errors fell from ${before.errors} to ${now.errors}`
  if (now.errors - before.errors > now.requests - before.requests) {
    return 'more new errors than new requests'
  }
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    if (now.latency[bucket]! < before.latency[bucket]!) return `latency bucket ${bucket} fell`
  }
  return undefined
}

/** A source that began later than the one before counts from zero: all it holds is new. */
function isRestart(counts: HealthCounts, base: HealthCounts): boolean {
  return (counts.startedAt ?? 0) > (base.startedAt ?? 0)
}

/** Beyond the safe integers a difference of totals is no longer exact. */
function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function copyCounts(counts: HealthCounts): HealthCounts {
  const { stable, canary, startedAt } = counts
  return {
    stable: subtract(stable, undefined),
    canary: subtract(canary, undefined),
    ...(startedAt === undefined ? {} : { startedAt }),
  }
}

function subtract(now: ArmCounts, before: ArmCounts | undefined): ArmCounts {
  const latency = new Float64Array(LATENCY_BUCKETS)
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    latency[bucket] = now.latency[bucket]! - (before?.latency[bucket] ?? 0)
  }
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    latency,
  }
}
