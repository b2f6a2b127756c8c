import type { SluiceError } from '@sluice/core'

/** No server may silence us for longer: an outage's end is to be seen. */
export const maxRetryAfterMs = 300_000

/**
 * Reads a `Retry-After` header: seconds, or an HTTP date.
 *
 * @param now Epoch milliseconds.
 * @returns milliseconds from now, 0 or more, as the server said it; nothing for any other text.
 */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  const trimmed = text?.trim() ?? ''
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1_000
  // All three forms of RFC 9110 begin with the day's name; Date.parse alone would take "5" for a month.
  if (!/^[A-Z][a-z]{2,8},? /.test(trimmed)) return undefined
  const instant = Date.parse(/ GMT$/.test(trimmed) ? trimmed : `${trimmed} GMT`)
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now)
}

/** The error with `retryAfterMs`, where the server named a time. */
export function withRetryAfter(error: SluiceError, retryAfterMs: number | undefined): SluiceError {
  return retryAfterMs === undefined ? error : Object.assign(error, { retryAfterMs })
}

/** The time that an error names, capped at {@link maxRetryAfterMs}; 0 where it names none. */
export function retryAfterOf(error: unknown): number {
  const { retryAfterMs } = error as { retryAfterMs?: unknown }
  return typeof retryAfterMs === 'number' ? Math.min(retryAfterMs, maxRetryAfterMs) : 0
}
