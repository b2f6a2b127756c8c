import type { EvaluationContext, FlagInspection } from '@sluice/core'
import { type Clock, systemClock } from '@sluice/stores'
import type { WebRequest, WebResponse } from '@sluice/stores/node-listener'
import { type AnsweringSet, type AnswerSheet, answerSheet } from '../answer-sheet.ts'
import type { FlagMetadata } from '../answer-value.ts'
import { assertFunctions, assertNumbers } from './check-options.ts'
import { knownTags, refusal, sharedHeaders, sheetReply } from './replies.ts'
import { createSheetStreams } from './sheet-streams.ts'
import { tagOf } from './sheet-text.ts'
import { createEventTaker } from './take-events.ts'

/** What is used of flags: `openFlags` gives it. */
export interface AnsweringFlags {
  snapshot(): AnsweringSet
  readonly replica: { readonly head: { readonly revision: number } }
  on(event: 'change', listener: (keys: readonly string[]) => void): () => void
}

/** Who is answered, and what. */
export interface AnswersOptions<Request = WebRequest> {
  /**
   * Says who asks: by the session's cookie, a token, whatever the application trusts. `undefined` or `null` is answered
   * with 401; give visitors without a name an object of their own. What it throws is answered with 500, without details.
   *
   * @param sent The context that the page sent, or undefined: anybody can send anything. Take nothing from it that
   * decides what somebody may see.
   */
  readonly contextOf: (
    request: Request,
    sent: unknown,
  ) => EvaluationContext | Promise<EvaluationContext>
  /** Which flags browsers get to see, by key and value. */
  readonly isPublic: (flag: FlagInspection) => boolean
  /** What a browser is told of a flag beside its answer: OpenFeature's flag metadata. Default: nothing. */
  readonly metadataOf?: (flag: FlagInspection) => FlagMetadata | undefined
  /**
   * The business events that pages may send (`flags.track` there), by name: 16 at most, of 1 to 64 characters. They feed
   * `custom` guards. Any user can forge them: such a guard should have `consequence: 'hold'`, and not be the only one.
   * Default: none.
   */
  readonly events?: readonly string[]
  /** How often a stream shows that it lives, in ms. Default 15,000: below the idle limits of usual proxies; a week at most. */
  readonly heartbeatMs?: number
  /** A stream ends after so long, in ms, and the page asks anew who it is. Default 600,000; a week at most. */
  readonly streamMs?: number
  /** More streams than that are refused with 503, and their pages poll. Default 10,000. */
  readonly maxStreams?: number
  /** Hears of every error that was answered with 500. Default: nobody. */
  readonly report?: (error: unknown) => void
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** Answers one user's sheet as JSON, or as an event stream to who accepts `text/event-stream`. It never rejects. */
export interface AnswersHandler {
  (request: WebRequest): Promise<WebResponse>
  /** Ends every stream, and opens no more, so that a server can close. */
  close(): void
}

/** A handler that is told apart from its request who asks. */
export interface AnsweringHandler<Request> {
  (request: WebRequest, asker: Request): Promise<WebResponse>
  close(): void
}

/** The page has seen a later state than this process: it waits so long for the log, so that nobody goes back in time. */
const catchUpMs = 5_000
const catchUpStepMs = 100

/**
 * Serves the answers of one user each to `createBrowserFlags`.
 *
 * @throws SluiceError `invalid_option`.
 */
export function createAnsweringHandler<Request>(
  flags: AnsweringFlags,
  options: AnswersOptions<Request>,
): AnsweringHandler<Request> {
  const { contextOf, isPublic, metadataOf, report = () => {}, clock = systemClock } = options
  const { heartbeatMs = 15_000, streamMs = 600_000, maxStreams = 10_000 } = options
  assertFunctions({ contextOf, isPublic, ...(metadataOf !== undefined && { metadataOf }) })
  assertNumbers({ heartbeatMs, streamMs, maxStreams })
  const takeEvents = options.events && createEventTaker(flags, options.events)
  const methods = ['GET', 'HEAD', ...(takeEvents === undefined ? [] : ['POST'])]
  let isClosed = false
  /** Flags that no stream shows; of the others, any stream may. */
  const hidden = new Set<string>()
  const streams = createSheetStreams(clock, () => {
    hidden.clear()
    return flags.on('change', (keys) => {
      const set = flags.snapshot()
      let isNews = false
      // Every key is looked at: what is private now is noted, too.
      for (const key of keys) if (noteShown(set, key)) isNews = true
      if (isNews) streams.wake()
    })
  })

  /** Whether a stream may show a flag, or may have: one that is gone, or private from now on, was perhaps shown before. */
  function noteShown(set: AnsweringSet, key: string): boolean {
    const flag = set.inspect(key)
    const wasHidden = hidden.delete(key)
    if (flag === undefined || isPublic(flag) === true) return true
    hidden.add(key)
    return !wasHidden
  }

  /** A number that anybody may make up keeps nothing waiting for who has left, nor a server that closes. */
  async function catchUp(revision: number, { signal }: globalThis.Request): Promise<void> {
    for (let waitedMs = 0; waitedMs < catchUpMs; waitedMs += catchUpStepMs) {
      if (isClosed || signal.aborted || flags.replica.head.revision >= revision) return
      await new Promise<void>((resolve) => clock.after(catchUpStepMs, resolve))
    }
  }

  async function answer(web: globalThis.Request, asker: Request): Promise<Response> {
    const { method, headers } = web
    if (!methods.includes(method)) {
      const allow = methods.join(', ')
      return refusal(405, `Use ${allow}.`, { allow })
    }
    const { searchParams } = new URL(web.url)
    const sent = parse(searchParams.get('context'))
    if (sent instanceof Error) return refusal(400, 'The context is no JSON.')
    const context = await contextOf(asker, sent)
    if (!context) return refusal(401, 'Sign in first.')
    if (method === 'POST') return takeEvents!(web, asker, context)
    const render = () =>
      answerSheet(flags, context, { isPublic, ...(metadataOf && { metadataOf }) })
    const revision = Number(searchParams.get('revision')) || 0
    // Who has what is answered here goes back to nothing.
    const isAhead = flags.replica.head.revision < revision
    if (isAhead && !knownTags(web).includes(tagOf(render()))) await catchUp(revision, web)
    const isStream = /\btext\/event-stream\b/.test(headers.get('accept') ?? '')
    return isStream && method === 'GET' ? stream(web, render) : sheetReply(web, render())
  }

  function stream(web: globalThis.Request, render: () => AnswerSheet): Response {
    if (isClosed) return refusal(503, 'The server is closing.', { 'retry-after': '1' })
    if (streams.size >= maxStreams) {
      return refusal(503, 'Too many streams: poll.', { 'retry-after': '60' })
    }
    const [tag] = knownTags(web)
    // What cannot be rendered is an answer of 500, not a stream that ends at once.
    render()
    const opened = streams.open({
      ...{ render, heartbeatMs, lifetimeMs: streamMs, tag },
    })
    // Some servers say only by the signal that a client has left.
    web.signal.addEventListener('abort', opened.end, { once: true })
    if (web.signal.aborted) opened.end()
    return new Response(opened.readable, {
      headers: {
        ...sharedHeaders,
        'content-type': 'text/event-stream',
        'cache-control': 'private, no-store, no-transform',
        // A page whose stream was ended comes back on a new connection, which a server that is closing refuses.
        connection: 'close',
        // A proxy must not wait for the end.
        'x-accel-buffering': 'no',
      },
    })
  }

  async function handle(request: WebRequest, asker: Request): Promise<WebResponse> {
    const web = request as globalThis.Request
    let found: Response
    try {
      found = await answer(web, asker)
    } catch (error) {
      tell(report, error)
      found = refusal(500, 'The server failed. It knows why.')
    }
    const { status, headers } = found
    return web.method === 'HEAD' ? new Response(null, { status, headers }) : found
  }

  return Object.assign(handle, {
    close() {
      isClosed = true
      streams.close()
    },
  })
}

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text)
  } catch (error) {
    return error
  }
}

/** A listener that fails changes nothing about the answer. */
function tell(report: (error: unknown) => void, error: unknown): void {
  try {
    report(error)
  } catch {
    // There is nobody else to tell.
  }
}
