import { SluiceError } from '../error.ts'

/** Why a webhook did not take an alert. Neither the address nor the answer is in it: both may hold secrets. */
export interface WebhookError extends SluiceError {
  /** `webhook_failed` may pass; `webhook_refused` does not. */
  readonly code: 'webhook_failed' | 'webhook_refused'
  /** Whether no further try can help. */
  readonly isFinal: boolean
  /** How long the server asks to be left alone, in ms; at most a minute is kept to. */
  readonly retryAfterMs?: number
}

/** No server may silence a page for longer. */
const maxRetryAfterMs = 60_000

/** Too slow, too many, or a server that cannot now: another try may succeed. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/**
 * The error for an answer that is no success.
 *
 * @param retryAfter The header of that name.
 * @param now Epoch milliseconds, for a header that names a date.
 */
export function toStatusError(
  sink: string,
  status: number,
  retryAfter: string | undefined,
  now: number,
): WebhookError {
  if (isPassing(status)) {
    const retryAfterMs = parseRetryAfter(retryAfter, now)
    return createError('webhook_failed', `${sink} cannot take the alert now (${status}).`, {
      isFinal: false,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  const remedy =
    status >= 300 && status < 400
      ? 'redirects are not followed, so give the address it leads to'
      : 'check the address, the token and the format'
  return createError('webhook_refused', `${sink} refused the alert (${status}): ${remedy}.`, {
    isFinal: true,
  })
}

/** The error for a request without an answer. @param why Without anything of the address. */
export function toNetworkError(sink: string, why: string): WebhookError {
  return createError('webhook_failed', `${sink} did not take the alert: ${why}.`, {
    isFinal: false,
  })
}

function createError(
  code: WebhookError['code'],
  message: string,
  details: { readonly isFinal: boolean; readonly retryAfterMs?: number },
): WebhookError {
  return Object.assign(new SluiceError(code, message), details) as WebhookError
}

/** Seconds, or an HTTP date, as milliseconds from now: 0 to a minute. */
function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? ''
  // A date begins with the day's name; Date.parse alone would take "5" for a month.
  const waitMs = /^\d{1,9}$/.test(text)
    ? Number(text) * 1_000
    : /^[A-Z][a-z]{2,8},? /.test(text)
      ? Date.parse(text) - now
      : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), maxRetryAfterMs)
}
