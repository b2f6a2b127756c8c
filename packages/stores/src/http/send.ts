import { request } from 'undici'
import type { Clock } from '../clock.ts'
import { type HttpDispatcher, toUndici } from './dispatcher.ts'

/** Header fields of an answer, their names in lower case. */
export type AnswerHeaders = { readonly [name: string]: string | readonly string[] | undefined }

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly bytes: Uint8Array
}

/** One request. */
export interface Sending {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers: { readonly [name: string]: string }
  readonly body?: string
  readonly dispatcher: HttpDispatcher
  readonly clock: Clock
  /** From the request to the last byte of its answer: a peer that drips bytes gains nothing. */
  readonly timeoutMs: number
  /** The longest answer that is taken. */
  readonly maxBytes: number
  /** Ends the request early. */
  readonly abort: AbortController
}

/**
 * Sends one request, once, and reads its answer to the end. Redirects are answers like any other.
 *
 * @throws Whatever went wrong: the network's error, the deadline's, or the reason of `abort`.
 */
export async function send(sending: Sending): Promise<Answer> {
  const { url, method = 'GET', headers, body, dispatcher, timeoutMs, maxBytes, abort } = sending
  const cancelDeadline = startDeadline(sending.clock, timeoutMs, abort)
  try {
    const answer = await request(url, {
      method,
      headers,
      body: body ?? null,
      dispatcher: toUndici(dispatcher),
      signal: abort.signal,
      ...noTimeouts,
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      bytes: await readBounded(answer.body, maxBytes),
    }
  } catch (cause) {
    // The library may have another word for an end that we made.
    throw abort.signal.aborted ? abort.signal.reason : cause
  } finally {
    cancelDeadline()
  }
}

/** Time is ours to keep: undici's timeouts begin anew with every byte. */
export const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 } as const

/** Aborts when the time is over; returns a function that cancels that. */
export function startDeadline(clock: Clock, timeoutMs: number, abort: AbortController): () => void {
  const expire = () => abort.abort(new Error(`it gave no whole answer within ${timeoutMs} ms`))
  return clock.after(timeoutMs, expire, { keepsAlive: true })
}

/** The code of the error for an answer beyond the limit. */
export const tooLong = 'answer_too_long'

/** Reads a body to its end, and no further than the limit. */
export async function readBounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) {
      const error = new Error(`its answer is longer than ${maxBytes} bytes`)
      throw Object.assign(error, { code: tooLong })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** One header field as text; nothing where it is absent or stands twice. */
export function headerOf({ headers }: Pick<Answer, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** What an error says, where it may say it in its code only. */
export function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name
}
