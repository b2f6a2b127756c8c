import { createHash } from 'node:crypto'
import { SluiceError } from '@sluice/core'
import type { Alert, AlertSink } from '@sluice/guards/webhook'
import type { Clock } from '@sluice/stores'
import { textOf } from './text-of.ts'

/** Takes alerts to one sink, one after the other, and tries again. */
export interface AlertDelivery {
  push(alert: Alert): void
  /** Takes no more alerts, waits a moment for what is on its way, and gives up the rest. Never rejects. */
  close(): Promise<void>
}

/** What takes longer has failed; the next alert waits behind it. */
const tryLimitMs = 10_000
/** With pauses of 2, 6, 18 and 54 s, and what the tries take themselves: about two minutes. */
const maxTries = 5
const firstPauseMs = 2_000
const pauseGrowth = 3
/** No sink may ask for more time than this between two tries. */
const longestPauseMs = 60_000
/** More than anybody reads; a sink that is down for long must not fill the memory. */
const maxQueued = 100
/** A process that ends waits no longer. */
const farewellMs = 2_000

/**
 * Creates the queue of a sink. What it does delays nobody: neither who pushes, nor another sink.
 *
 * @param options.random 0 to 1: spreads the tries of many processes.
 * @param options.onError Told when a first try fails (`alert_delayed`), and when an alert is given up
 * (`alert_undelivered`).
 */
export function createDelivery(
  sink: AlertSink,
  options: {
    readonly clock: Clock
    readonly random: () => number
    readonly onError: (error: SluiceError) => void
  },
): AlertDelivery {
  const { clock, random, onError } = options
  const queue: Alert[] = []
  let working: Promise<void> | undefined
  let isClosed = false
  /** The last moment of a process has passed. */
  let isOver = false
  let endAttempt = () => {}
  let endPause = () => {}

  function push(alert: Alert): void {
    if (isClosed) return
    if (queue.length >= maxQueued) {
      const old = Math.max(0, queue.findIndex(isResolved))
      const [dropped] = queue.splice(old, 1)
      if (dropped !== undefined) onError(undelivered(dropped, `more than ${maxQueued} wait`))
    }
    queue.push(alert)
    working ??= work().finally(() => {
      working = undefined
    })
  }

  async function work(): Promise<void> {
    for (let alert = queue.shift(); alert !== undefined; alert = queue.shift()) {
      await deliver(alert)
    }
  }

  async function deliver(alert: Alert): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      if (isOver) return onError(undelivered(alert, processEnds))
      const error = await attempt(alert)
      if (error === undefined) return
      if (isFinal(error) || tries >= maxTries || isClosed) {
        return onError(undelivered(alert, textOf(error), error))
      }
      if (tries === 1) onError(delayed(alert, error))
      await pause(pauseAfter(tries, error))
    }
  }

  /** What went wrong; undefined where nothing did. A try that hangs is left behind. */
  function attempt(alert: Alert): Promise<unknown> {
    const abort = new AbortController()
    const idempotencyKey = createHash('sha256').update(alert.id).digest('hex')
    return new Promise((resolve) => {
      const end = (why: string) => {
        const error = new Error(why)
        abort.abort(error)
        resolve(error)
      }
      const cancel = clock.after(tryLimitMs, () => end(tookTooLong), { keepsAlive: true })
      endAttempt = () => end(processEnds)
      // Deferred, so that what it throws at once is a rejection too.
      Promise.resolve()
        .then(() => sink.send(alert, { signal: abort.signal, idempotencyKey }))
        .then(
          () => resolve(undefined),
          (error: unknown) => resolve(error ?? new Error('no reason was given')),
        )
        .finally(cancel)
      abort.signal.addEventListener('abort', cancel)
    })
  }

  function pauseAfter(tries: number, error: unknown): number {
    const growingMs = firstPauseMs * pauseGrowth ** (tries - 1) * (0.75 + random() / 2)
    const { retryAfterMs } = Object(error) as { retryAfterMs?: unknown }
    const askedMs = typeof retryAfterMs === 'number' && retryAfterMs > 0 ? retryAfterMs : 0
    return Math.min(Math.max(growingMs, askedMs), longestPauseMs)
  }

  function pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(durationMs, resolve)
      endPause = () => {
        cancel()
        resolve()
      }
    })
  }

  /** A person reads it: which alert, of which sink, and why. */
  function undelivered(alert: Alert, why: string, cause?: unknown): SluiceError {
    const message = `${sink.name} was not told of ${alert.condition} on ${alert.flag}: ${why}`
    return new SluiceError('alert_undelivered', message, { flag: alert.flag, cause })
  }

  function delayed(alert: Alert, cause: unknown): SluiceError {
    const message = `${sink.name} is told of ${alert.condition} on ${alert.flag} later: ${textOf(cause)}`
    return new SluiceError('alert_delayed', message, { flag: alert.flag, cause })
  }

  return {
    push,
    async close() {
      isClosed = true
      if (working === undefined) return
      const cancel = clock.after(farewellMs, endAll, { keepsAlive: true })
      // Who pauses tries once more, now or never.
      endPause()
      await working
      cancel()
    },
  }

  function endAll(): void {
    isOver = true
    endAttempt()
  }
}

const processEnds = 'the process ends'
const tookTooLong = `it did not answer within ${tryLimitMs / 1_000} s`

function isResolved({ status }: Alert): boolean {
  return status === 'resolved'
}

function isFinal(error: unknown): boolean {
  return (Object(error) as { isFinal?: unknown }).isFinal === true
}
