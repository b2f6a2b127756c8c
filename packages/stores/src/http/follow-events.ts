import type { Clock } from '../clock.ts'
import { createEventParser } from './event-parser.ts'
import { retryAfterOf } from './retry-after.ts'
import { silenceMs } from './wire.ts'

/** How an event stream is followed. */
export interface Following {
  /** Opens the stream; `abort` ends it. */
  readonly open: (abort: AbortController) => Promise<AsyncIterable<Uint8Array>>
  readonly wake: () => void
  readonly clock: Clock
  readonly random: () => number
}

/** The pause before the first reconnect. */
const firstPauseMs = 1_000

/** The longest, so that the end of an outage is seen soon. */
const maxPauseMs = 30_000

/**
 * Follows an event stream, and opens it anew whenever it ends, fails or falls silent, until stopped.
 *
 * @throws Where the stream cannot be opened the first time: then nothing goes on in the background.
 */
export async function followEvents(following: Following): Promise<() => void> {
  const { open, wake, clock, random } = following
  let isStopped = false
  let failures = 0
  let retryAfterMs = 0
  let abort = new AbortController()
  let cancelPause = () => {}

  async function listen(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const parse = createEventParser(() => {
      if (!isStopped) wake()
    })
    const decoder = new TextDecoder()
    const fallSilent = () => abort.abort(new Error(`nothing came for ${silenceMs} ms`))
    let cancelSilence = clock.after(silenceMs, fallSilent)
    try {
      for await (const chunk of stream) {
        cancelSilence()
        cancelSilence = clock.after(silenceMs, fallSilent)
        failures = 0
        parse(decoder.decode(chunk, { stream: true }))
      }
    } finally {
      cancelSilence()
    }
  }

  function schedule(): void {
    if (isStopped) return
    const fullMs = Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(failures, 30))
    // Half fixed, half random, so that a fleet does not come back in one wave.
    const pauseMs = Math.max(fullMs * (0.5 + random() / 2), retryAfterMs)
    cancelPause = clock.after(pauseMs, () => void reopen())
  }

  async function reopen(): Promise<void> {
    abort = new AbortController()
    failures += 1
    retryAfterMs = 0
    try {
      const stream = await open(abort)
      // What came in between told nobody.
      if (!isStopped) wake()
      await listen(stream)
    } catch (error) {
      // The poll finds everything meanwhile, and reports what is wrong.
      retryAfterMs = retryAfterOf(error)
    }
    schedule()
  }

  const stream = await open(abort)
  listen(stream).then(schedule, schedule)
  return () => {
    isStopped = true
    cancelPause()
    abort.abort(new Error('the watch was stopped'))
  }
}
