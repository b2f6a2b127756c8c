import { type Json, SluiceError } from '@sluice/core'
import {
  type HealthCounts,
  type PackedCounts,
  type ProcessReport,
  packCounts,
  unpackCounts,
} from '@sluice/guards'
import type { SharedValue } from '@sluice/stores'
import { toExchangeName } from './exchange-name.ts'

/** One process among those that share a store. */
export interface ProcessIdentity {
  /** Names the process for people; it may be the same after a restart. */
  readonly processId: string
  /** Drawn at random when the process begins: its counters began at zero with it. */
  readonly incarnation: string
}

/** Of what a report's value on the exchange is made. */
interface Packed extends PackedCounts {
  readonly version: 1
  /** As it is: the key has room for it only in another spelling. */
  readonly processId: string
  readonly incarnation: string
  readonly sequence: number
  readonly countedMs: number
  /** By the clock of the process; older ones do not tell. */
  readonly sentAt?: number
}

/** Where the reports about a flag in an environment stand on the exchange. */
export function healthPrefix(environment: string, flag: string): string {
  return `health/${toExchangeName(environment)}/${toExchangeName(flag)}/`
}

/** Where a process's report stands. */
export function healthKey(environment: string, flag: string, processId: string): string {
  return healthPrefix(environment, flag) + toExchangeName(processId)
}

/** A report as a value for the exchange. */
export function writeReport(report: {
  readonly processId: string
  readonly incarnation: string
  readonly sequence: number
  readonly countedMs: number
  readonly sentAt: number
  readonly counts: HealthCounts
}): Json {
  const { counts, ...rest } = report
  const packed: Packed = { version: 1, ...rest, ...packCounts(counts) }
  return packed as unknown as Json
}

/**
 * A report from the exchange, where anybody may have written anything.
 *
 * What it declares is dated by the reader's clock: by a clock that is wrong it would be of before the rollout, or of after.
 *
 * @param now Epoch ms of the reader.
 * @throws SluiceError `invalid_health` naming the key and what is wrong.
 */
export function readReport({ key, value }: SharedValue, now: number): ProcessReport {
  const { version, processId, incarnation, sequence, countedMs, sentAt } = Object(
    value,
  ) as Partial<Packed>
  if (version !== 1) throw refuseReport(key, 'it is no report of version 1')
  const place = key.slice(key.lastIndexOf('/') + 1)
  if (typeof processId !== 'string' || toExchangeName(processId) !== place) {
    throw refuseReport(key, 'its processId is not that of its key')
  }
  if (typeof incarnation !== 'string' || incarnation === '' || incarnation.length > 64) {
    throw refuseReport(key, 'its incarnation is no text of 1 to 64 characters')
  }
  if (!Number.isSafeInteger(sequence) || !(Number(sequence) > 0)) {
    throw refuseReport(key, 'its sequence is no whole number above 0')
  }
  if (!Number.isFinite(countedMs) || !(Number(countedMs) >= 0)) {
    throw refuseReport(key, 'its countedMs is no number from 0 on')
  }
  return {
    processId,
    incarnation,
    sequence: Number(sequence),
    countedMs: Number(countedMs),
    counts: dateAnew(readCounts(key, value), now, sentAt),
  }
}

function dateAnew(counts: HealthCounts, now: number, sentAt: unknown): HealthCounts {
  const { declared } = counts
  if (declared === undefined || typeof sentAt !== 'number') return counts
  const at = declared.at + now - sentAt
  return Number.isFinite(at) ? { ...counts, declared: { ...declared, at } } : counts
}

/** An error that says which report is ignored, and why. */
export function refuseReport(key: string, because: string, cause?: unknown): SluiceError {
  const message = `What stands under ${key} on the exchange is not counted: ${because}.`
  return new SluiceError('invalid_health', message, { cause })
}

function readCounts(key: string, value: Json): HealthCounts {
  try {
    return unpackCounts(value)
  } catch (cause) {
    throw refuseReport(key, cause instanceof Error ? cause.message : String(cause), cause)
  }
}
