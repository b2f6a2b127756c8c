import { createHash } from 'node:crypto'
import { isSluiceError, SluiceError } from '@sluice/core'
import { type Clock, systemClock } from './clock.ts'
import type { DefinitionSource } from './definition-source.ts'
import { parseDefinitionText } from './definition-text.ts'
import { createAgent, type HttpDispatcher } from './http/dispatcher.ts'
import { retryAfterOf } from './http/retry-after.ts'
import { parseHttpUrl } from './http/settings.ts'
import { type Fetched, fetchDocument } from './url-source/fetch-document.ts'

/** How a definitions URL is followed. */
export interface UrlSourceOptions {
  /** The longest time from one look to the next while all is well, in milliseconds. Default 30,000. */
  readonly pollMs?: number
  /** Sent with each request, but never to another origin that it redirects to. */
  readonly headers?: { readonly [name: string]: string }
  /** Sends the requests. Default: an agent of our own. */
  readonly dispatcher?: HttpDispatcher
  /** Default: {@link systemClock}. */
  readonly clock?: Clock
  /** Spreads the looks of many processes. Default `Math.random`. */
  readonly random?: () => number
}

/** The longest pause after failures, unless all-is-well takes longer. */
const maxBackoffMs = 300_000

/**
 * A JSON or YAML definitions document behind a URL, looked at again and again, for ever.
 *
 * An unchanged document costs one empty answer (`If-None-Match`). Each look comes 50 to 100 percent of
 * `pollMs` after the one before; failures double the pause, up to five minutes, and `Retry-After` is kept
 * to within the same bound. A document that cannot be had, is damaged or is refused is reported once, and the
 * one before it stays in service.
 *
 * The first document comes a moment after `start`: until then, answers rest on what else there is.
 *
 * @throws SluiceError `invalid_url` unless it is http or https, without credentials in it.
 */
export function urlSource(
  url: string | { readonly href: string },
  options: UrlSourceOptions = {},
): DefinitionSource {
  const { pollMs = 30_000, headers = {}, clock = systemClock, random = Math.random } = options
  const address = parseHttpUrl(url)
  // Without the query, which may hold a key.
  const origin = address.origin + address.pathname

  return {
    origin,
    start(listener) {
      const own = options.dispatcher === undefined ? createAgent() : undefined
      const dispatcher = (own ?? options.dispatcher) as HttpDispatcher
      let abort = new AbortController()
      let isStopped = false
      let failures = 0
      let etag: string | undefined
      let taken = ''
      /** Why the body last taken is not in service. */
      let fault: SluiceError | undefined
      let told: string | undefined
      let cancelTimer = () => {}

      async function look(): Promise<void> {
        let retryAfterMs = 0
        // Its end by a deadline must not end the next look.
        abort = new AbortController()
        try {
          const request = { url: address, origin, etag, headers, dispatcher, clock, abort }
          const found = await fetchDocument(request)
          if (isStopped) return
          failures = 0
          if (found !== 'unchanged') take(found)
          tell(fault)
        } catch (error) {
          if (isStopped) return
          failures += 1
          retryAfterMs = retryAfterOf(error)
          tell(toSluiceError(error, origin))
        }
        if (isStopped) return
        cancelTimer = clock.after(Math.max(pauseMs(), retryAfterMs), () => void look())
      }

      function take({ text, etag: next }: Fetched): void {
        const digest = createHash('sha256').update(text).digest('hex')
        if (digest === taken) {
          // The same document under another tag, after a redeploy say.
          if (fault === undefined) etag = next
          return
        }
        taken = digest
        // A body that does not parse may be half of the one that its tag belongs to.
        etag = undefined
        fault = undefined
        try {
          const document = parseDefinitionText(text, origin)
          etag = next
          listener.accept(document)
        } catch (error) {
          fault = toSluiceError(error, origin)
        }
      }

      /** The same failure is told once, until it is over. */
      function tell(error: SluiceError | undefined): void {
        if (error !== undefined && error.message !== told) listener.report(error)
        told = error?.message
      }

      function pauseMs(): number {
        const longestMs = Math.max(pollMs, maxBackoffMs)
        const fullMs = Math.min(longestMs, pollMs * 2 ** Math.min(failures, 30))
        return fullMs * (0.5 + random() / 2)
      }

      void look()
      return () => {
        isStopped = true
        cancelTimer()
        abort.abort(new Error('the source was stopped'))
        // It only ends connections, which may fail as they like.
        own?.destroy().catch(() => {})
      }
    },
  }
}

function toSluiceError(error: unknown, origin: string): SluiceError {
  if (isSluiceError(error)) return error
  return new SluiceError('definitions_unreadable', `${origin} cannot be taken: ${String(error)}.`, {
    cause: error,
  })
}
