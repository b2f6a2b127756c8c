import { SluiceError } from '@sluice/core'
import { type Clock, systemClock } from '../clock.ts'
import { toAnswerError, toBodyError, toUnreachable } from './answer-errors.ts'
import { createAgent, createBackgroundAgent, type HttpDispatcher } from './dispatcher.ts'
import { followEvents } from './follow-events.ts'
import { openEvents } from './open-events.ts'
import { type Answer, headerOf, send } from './send.ts'
import { checkToken, parseAddress } from './settings.ts'
import { wirePaths } from './wire.ts'

/** Where the other Sluice log is, and how it is asked. */
export interface HttpClientOptions {
  /** The address below which the log's handler answers, without `/v1`. */
  readonly url: string
  /** Sent as a bearer token. Default: none. */
  readonly token?: string
  /** Sends the requests, through a proxy for instance. It must not try again by itself. Default: an agent of our own. */
  readonly dispatcher?: HttpDispatcher
  /** From a request to the last byte of its answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: {@link systemClock}. */
  readonly clock?: Clock
  /** Spreads reconnects. Default `Math.random`. */
  readonly random?: () => number
}

/** A call of the protocol. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: unknown
  readonly maxBytes?: number
}

/** The client's end of the protocol. */
export interface HttpClient {
  /** Named in errors. */
  readonly server: string
  /** Makes a call once; gives the answer's JSON, or nothing where the answer is empty (204). */
  call(call: Call): Promise<unknown>
  /** Follows the event stream. */
  watch(wake: () => void): Promise<() => void>
  close(): Promise<void>
}

/** An error, or what a commit's receipt needs: no more is expected where a call does not say so. */
const maxSmallBytes = 64_000

export function createClient(options: HttpClientOptions): HttpClient {
  const { dispatcher, timeoutMs = 10_000, clock = systemClock, random = Math.random } = options
  const server = parseAddress(options.url)
  const token = options.token === undefined ? {} : authorization(options.token)
  const own = dispatcher === undefined ? [createAgent(), createBackgroundAgent()] : []
  const [requests = dispatcher, streams = dispatcher] = own as HttpDispatcher[]
  const running = new Set<AbortController>()
  const watches = new Set<() => void>()
  let isClosed = false

  function assertOpen(): void {
    if (isClosed) throw new SluiceError('store_closed', `The HTTP store of ${server} is closed.`)
  }

  async function call({ method = 'GET', path, body, maxBytes }: Call): Promise<unknown> {
    assertOpen()
    const abort = new AbortController()
    running.add(abort)
    let answer: Answer
    try {
      answer = await send({
        ...{ url: server + path, method, clock, timeoutMs, abort },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { ...token, ...accepts, ...(body === undefined ? {} : hasJson) },
        dispatcher: requests as HttpDispatcher,
        maxBytes: maxBytes ?? maxSmallBytes,
      })
    } catch (cause) {
      throw toUnreachable(server, cause)
    } finally {
      running.delete(abort)
    }
    if (answer.status < 200 || answer.status > 299) {
      throw toAnswerError(server, answer, clock.now())
    }
    return answer.status === 204 ? undefined : parseBody(answer)
  }

  function parseBody(answer: Answer): unknown {
    if (!/^application\/json\b/.test(headerOf(answer, 'content-type') ?? '')) {
      throw toBodyError(server, answer)
    }
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(answer.bytes))
    } catch (cause) {
      throw toBodyError(server, answer, cause)
    }
  }

  return {
    server,
    call,

    async watch(wake) {
      assertOpen()
      const stop = await followEvents({
        open: (abort) =>
          openEvents({
            ...{ url: server + wirePaths.events, server, clock, timeoutMs, abort },
            headers: { ...token, accept: 'text/event-stream' },
            dispatcher: streams as HttpDispatcher,
          }),
        ...{ wake, clock, random },
      })
      const end = () => {
        watches.delete(end)
        stop()
      }
      if (isClosed) end()
      else watches.add(end)
      return end
    },

    async close() {
      isClosed = true
      for (const end of [...watches]) end()
      for (const abort of running) abort.abort(new Error('the store was closed meanwhile'))
      await Promise.all(own.map((agent) => agent.destroy()))
    },
  }
}

const accepts = { accept: 'application/json' }
const hasJson = { 'content-type': 'application/json' }

function authorization(token: string): { readonly authorization: string } {
  checkToken(token)
  return { authorization: `Bearer ${token}` }
}
