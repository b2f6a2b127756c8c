import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { listen } from './listen.ts'
import { type Fetch, page } from './platform.ts'

/** Where a page's business events go. */
export interface Sending {
  readonly url: () => string
  readonly fetch: Fetch | undefined
  readonly clock: Clock
  readonly withCredentials: boolean
  /** Whose answers the page shows. */
  readonly targetingKey: () => string | undefined
  readonly report: (error: SluiceError) => void
}

/** Gathers events and sends them together. */
export interface EventSender {
  track(name: string, value: number | undefined): void
  /** Sends what is gathered. */
  flush(): void
}

/** So long events are gathered: short beside the minutes in which guards look. */
const gatherMs = 1_000

/** As many as a server takes at once. */
const mostEvents = 50

const toName = 'Name them in the `events` of answersHandler().'

/** What to do about a server that did not count everything. */
const remedies: { readonly [status: number]: string } = {
  401: 'Sign in, then call setContext().',
  405: toName,
  409: 'Somebody else is signed in by now: call setContext().',
  422: toName,
}

/**
 * Sends business events to where answers come from, a second's worth at a time, and what is left when the page is
 * hidden or left. Each is sent once: what is lost is lost to both arms alike.
 */
export function createEventSender(sending: Sending): EventSender {
  const { url, fetch, clock, withCredentials, targetingKey, report } = sending
  let events: (readonly [string, number?])[] = []
  let stops: (() => void)[] = []

  function lost(count: number, why: string, cause?: unknown): void {
    report(
      new SluiceError('events_lost', `Of ${count} events not all were counted: ${why}`, { cause }),
    )
  }

  async function send(body: string, count: number): Promise<void> {
    try {
      const { status } = await fetch!(url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        credentials: withCredentials ? 'include' : 'same-origin',
        body,
        // It outlives the page.
        keepalive: true,
      })
      if (status !== 204)
        lost(count, `${url()} answers ${status}. ${remedies[status] ?? 'They are not sent again.'}`)
    } catch (cause) {
      lost(count, `${url()} does not answer.`, cause)
    }
  }

  function flush(): void {
    for (const stop of stops) stop()
    stops = []
    const { length } = events
    if (length === 0) return
    const body = JSON.stringify({ targetingKey: targetingKey(), events })
    // First: whoever hears that it failed may track that.
    events = []
    void send(body, length)
  }

  return {
    track(name, value) {
      // One that JSON cannot hold would take all others with it.
      const isFit = value === undefined || (Number.isFinite(value) && value >= 0)
      if (typeof name !== 'string' || !isFit) {
        return lost(1, 'track() takes a name, and a number of at least 0 where there is one.')
      }
      events.push(value === undefined ? [name] : [name, value])
      if (events.length >= mostEvents) return flush()
      if (events.length > 1) return
      stops = [
        clock.after(gatherMs, flush),
        listen(page.document, 'visibilitychange', flush),
        listen(page, 'pagehide', flush),
      ]
    },
    flush,
  }
}
