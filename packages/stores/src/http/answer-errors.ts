import { isSluiceError, SluiceError } from '@sluice/core'
import { createCompactedError } from '../compaction.ts'
import { isHead } from '../shape.ts'
import { parseRetryAfter, withRetryAfter } from './retry-after.ts'
import { type Answer, describeCause, headerOf } from './send.ts'
import { sharedCodes, statusOf } from './wire.ts'

/** An error for whatever kept a request from its answer. It leaves open what the server did. */
export function toUnreachable(server: string, cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause
  return new SluiceError(
    'store_unreachable',
    `The Sluice server at ${server} did not answer: ${describeCause(cause)}. Check that it runs and ` +
      'that nothing in between holds requests back.',
    { cause },
  )
}

/**
 * An error for an answer that is no success.
 *
 * A code of the log is believed only where it stands in an error body with the status that belongs to
 * it: a proxy's own page must not pass for the log's word that nothing was written.
 *
 * @param now Epoch milliseconds, for a `Retry-After` that names a date.
 */
export function toAnswerError(server: string, answer: Answer, now: number): SluiceError {
  const { status } = answer
  const body = parseErrorBody(answer)
  const said = body === undefined ? '' : ` It says: ${body.message}`
  if (body !== undefined && sharedCodes.has(body.code) && statusOf[body.code] === status) {
    return toSharedError(server, body)
  }
  if (status === 401 || status === 403) {
    const message = `The Sluice server at ${server} refused the token (${status}): check the token and what it may do.`
    return new SluiceError('store_unauthorized', message + said)
  }
  if (status === 404) {
    const message = `There is no Sluice log at ${server} (404): check the address and the path.`
    return new SluiceError('store_missing', message + said)
  }
  if (status === 413) {
    const message =
      `The server at ${server}, or a proxy before it, refused a request as too large (413): let it ` +
      'take 2 MB, and 64 MB for snapshots.'
    return new SluiceError('store_inconsistent', message + said)
  }
  if (status === 429 || status >= 500) {
    const message = `The Sluice server at ${server} cannot answer now (${status}).`
    const retryAfterMs = parseRetryAfter(headerOf(answer, 'retry-after'), now)
    return withRetryAfter(new SluiceError('store_unreachable', message + said), retryAfterMs)
  }
  return new SluiceError('store_unreachable', unexpected(server, answer) + said)
}

/** An error for a success whose body no Sluice server sends. */
export function toBodyError(server: string, answer: Answer, cause?: unknown): SluiceError {
  const why = cause === undefined ? '' : ` (${describeCause(cause)})`
  return new SluiceError('store_unreachable', `${unexpected(server, answer)}${why}`, { cause })
}

/** An error for JSON that contradicts the protocol. */
export function inconsistent(server: string, found: string): SluiceError {
  return new SluiceError(
    'store_inconsistent',
    `The Sluice server at ${server} answered ${found}. Check that it is one, and its version.`,
    { found },
  )
}

function unexpected(server: string, answer: Answer): string {
  const { status, bytes } = answer
  const type = headerOf(answer, 'content-type') ?? 'no content type'
  const target = headerOf(answer, 'location')
  const found =
    target === undefined
      ? `${status}, ${type}, ${bytes.length} bytes`
      : `a redirect (${status}) to ${target}, which is not followed`
  return (
    `No Sluice server answers at ${server}: found ${found}. Check the address; a proxy or a login page may ` +
    'stand in between.'
  )
}

interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly cut?: unknown
}

function parseErrorBody({ bytes }: Answer): ErrorBody | undefined {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString()) as Partial<ErrorBody> | null
    const isOurs = typeof body?.code === 'string' && typeof body.message === 'string'
    return isOurs ? (body as ErrorBody) : undefined
  } catch {
    return undefined
  }
}

function toSharedError(server: string, { code, message, cut }: ErrorBody): SluiceError {
  if (code !== 'compacted') return new SluiceError(code, `${message} (from ${server})`)
  return isHead(cut) ? createCompactedError(cut) : inconsistent(server, 'compacted without a cut')
}
