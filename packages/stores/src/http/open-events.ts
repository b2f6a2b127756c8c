import { request } from 'undici'
import type { Clock } from '../clock.ts'
import { toAnswerError, toBodyError, toUnreachable } from './answer-errors.ts'
import { type HttpDispatcher, toUndici } from './dispatcher.ts'
import { type Answer, headerOf, noTimeouts, readBounded, startDeadline } from './send.ts'

/** A request for the event stream. */
export interface Opening {
  readonly url: string
  readonly server: string
  readonly headers: { readonly [name: string]: string }
  readonly dispatcher: HttpDispatcher
  readonly clock: Clock
  /** Until the stream begins. */
  readonly timeoutMs: number
  /** Ends the stream, too. */
  readonly abort: AbortController
}

/** The most of an answer that is no event stream. */
const maxErrorBytes = 64_000

/**
 * Opens the event stream.
 *
 * @throws SluiceError Where something else answers.
 */
export async function openEvents(opening: Opening): Promise<AsyncIterable<Uint8Array>> {
  const { url, server, headers, dispatcher, clock, timeoutMs, abort } = opening
  const cancelDeadline = startDeadline(clock, timeoutMs, abort)
  try {
    const { statusCode, ...answer } = await request(url, {
      ...{ headers, dispatcher: toUndici(dispatcher), signal: abort.signal },
      // A connection that ended in the middle of a stream is of no further use.
      ...{ reset: true, ...noTimeouts },
    })
    const isEvents = /^text\/event-stream\b/.test(headerOf(answer, 'content-type') ?? '')
    if (statusCode === 200 && isEvents) return answer.body
    // A page without end is no reason to wait for it.
    const bytes = await readBounded(answer.body, maxErrorBytes)
    const found: Answer = { status: statusCode, headers: answer.headers, bytes }
    const isError = statusCode < 200 || statusCode > 299
    throw isError ? toAnswerError(server, found, clock.now()) : toBodyError(server, found)
  } catch (cause) {
    throw toUnreachable(server, abort.signal.aborted ? abort.signal.reason : cause)
  } finally {
    cancelDeadline()
  }
}
