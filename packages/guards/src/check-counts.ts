import type { ArmCounts, HealthCounts } from './counts.ts'
import { LATENCY_BUCKETS } from './latency-histogram.ts'

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
  return undefined
}

/** What makes totals impossible after those read before from the same counter, as a line for people. */
export function findFallen(now: HealthCounts, before: HealthCounts): string | undefined {
  for (const name of ['stable', 'canary'] as const) {
    const fault = findFallenArm(now[name], before[name])
    if (fault !== undefined) return `${name}: ${fault}`
  }
  return undefined
}

/** What an arm did between two totals; all of it where there is none before. */
export function subtract(now: ArmCounts, before: ArmCounts | undefined): ArmCounts {
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

function findInvalidArm(arm: ArmCounts | undefined): string | undefined {
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

function findFallenArm(now: ArmCounts, before: ArmCounts): string | undefined {
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

/** Beyond the safe integers a difference of totals is no longer exact. */
function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
