import { isSluiceError, SluiceError, type SluiceErrorDetails } from '@sluice/core'
import type { LogEntry } from './flag-view-contract.ts'

/** What the log holds and is not taken into service, with what was wrong with it. */
export function refusedEntry(
  code: 'definition_refused' | 'exposure_refused',
  { key, value, revision }: LogEntry,
  cause: unknown,
): SluiceError {
  const what = value === undefined ? `The deletion of ${key}` : key
  return new SluiceError(
    code,
    `${what}, revision ${revision}, was refused; what it would replace stays in service: ${textOf(cause)}`,
    detailsOf(cause),
  )
}

/** An exposure that is in service, though the flag's definition has no room for part of it. */
export function misfitEntry({ key, revision }: LogEntry, cause: unknown): SluiceError {
  return new SluiceError(
    'exposure_misfit',
    `${key}, revision ${revision}, does not fit the flag; what fits of it holds: ${textOf(cause)}`,
    detailsOf(cause),
  )
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** The place and the finding, handed on. */
function detailsOf(cause: unknown): SluiceErrorDetails {
  if (!isSluiceError(cause)) return { cause }
  const { flag, pointer, expected, found } = cause
  return {
    cause,
    ...(flag === undefined ? {} : { flag }),
    ...(pointer === undefined ? {} : { pointer }),
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  }
}
