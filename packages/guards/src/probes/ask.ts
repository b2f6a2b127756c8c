import type { Closing } from './closing.ts'

/** The time a probe keeps; a store's clock fits. */
export interface ProbeClock {
  /** Epoch ms. */
  now(): number
  /** Calls `wake` once, `delayMs` from now, without keeping the process alive; returns a function that cancels it. */
  after(delayMs: number, wake: () => void): () => void
}

/** What came of asking: an answer, an error, or nothing in time. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly threw: unknown }
  | { readonly lateAfterMs: number }

/** A question under way. */
export interface Asked<T> {
  /** Never rejects. What comes after the time is up is thrown away. */
  readonly answer: Promise<Answer<T>>
  /** Resolves when the function has come back, in time or late or never. */
  readonly settled: Promise<void>
}

/**
 * Asks a function and waits no longer than `timeoutMs`. Its signal fires when the time is up, and with `closing`.
 *
 * The function begins in a later turn: the caller cannot be thrown at.
 */
export function ask<T>(
  run: (signal: AbortSignal) => T | Promise<T>,
  { clock, timeoutMs, closing }: { clock: ProbeClock; timeoutMs: number; closing: Closing },
): Asked<T> {
  const stop = new AbortController()
  let cancelTimer = () => {}
  const late = new Promise<Answer<T>>((resolve) => {
    cancelTimer = clock.after(timeoutMs, () => {
      resolve({ lateAfterMs: timeoutMs })
      stop.abort(new Error(`no answer within ${timeoutMs} ms`))
    })
  })
  const takeBack = closing.onClose(() => {
    cancelTimer()
    stop.abort(new Error('the probes were closed'))
  })
  const answered: Promise<Answer<T>> = Promise.resolve()
    .then(() => run(stop.signal))
    .then(
      (value) => ({ value }),
      (threw: unknown) => ({ threw }),
    )
    .finally(() => {
      cancelTimer()
      takeBack()
    })
  return { answer: Promise.race([late, answered]), settled: answered.then(() => {}) }
}

/** What was thrown, on one line of bearable length. */
export function sayThrown(threw: unknown): string {
  return sayLine(threw instanceof Error ? threw.message || threw.name : describe(threw))
}

/** One line, at most 200 characters: it stands in the log and in messages. */
export function sayLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`
}

function describe(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'something that cannot be shown'
  }
}
