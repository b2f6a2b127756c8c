import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { textOf } from '../alerts/text-of.ts'
import type { StepError } from './state.ts'

/** How an attempt ended. */
export type Outcome<T> =
  | { readonly type: 'answered'; readonly value: T }
  | { readonly type: 'failed'; readonly error: unknown }
  /** It was told to stop, and did or did not within the time it was given. */
  | { readonly type: 'aborted'; readonly hasSettled: boolean }

/** One call of an application's function. */
export interface Attempt<T> {
  readonly outcome: Promise<Outcome<T>>
  /** Tells it to stop; it counts as over when it does, or after `graceMs`. */
  abort(because: string, graceMs: number): void
}

/**
 * Calls an application's function: it may throw, hang, or answer too late.
 *
 * @param options.onLate Told of an answer that came after the attempt was over.
 */
export function makeAttempt<T>(
  work: (signal: AbortSignal) => Promise<T> | T,
  options: { clock: Clock; timeoutMs: number; onLate: (what: 'answered' | 'failed') => void },
): Attempt<T> {
  const { clock, timeoutMs, onLate } = options
  const controller = new AbortController()
  let isOver = false
  let isAborted = false
  let cancel = () => {}
  let end: (outcome: Outcome<T>) => void = () => {}

  const outcome = new Promise<Outcome<T>>((resolve) => {
    end = (how) => {
      isOver = true
      cancel()
      resolve(how)
    }
    const settle = (how: Outcome<T> & { type: 'answered' | 'failed' }) => {
      if (isOver) return onLate(how.type)
      // What was told to stop may have failed, or ended early, for that alone.
      end(isAborted ? { type: 'aborted', hasSettled: true } : how)
    }
    cancel = clock.after(timeoutMs, timeOut, { keepsAlive: true })
    // Deferred, so that what it throws at once is a rejection too.
    Promise.resolve()
      .then(() => work(controller.signal))
      .then(
        (value) => settle({ type: 'answered', value }),
        (error: unknown) => settle({ type: 'failed', error }),
      )

    function timeOut(): void {
      const error = new SluiceError('step_timeout', `it did not end within ${timeoutMs} ms`)
      end({ type: 'failed', error })
      controller.abort(error)
    }
  })

  return {
    outcome,
    abort(because, graceMs) {
      if (isOver || isAborted) return
      isAborted = true
      cancel()
      cancel = clock.after(graceMs, () => end({ type: 'aborted', hasSettled: false }), {
        keepsAlive: true,
      })
      controller.abort(new SluiceError('step_aborted', because))
    },
  }
}

/** What was thrown, which may be anything, as it goes into the log. */
export function toStepError(cause: unknown): StepError {
  const text = textOf(cause).slice(0, longestMessage)
  // Half a character, which the log does not take: cut here, or thrown like that.
  const message = text.replace(/\p{Surrogate}/gu, '\uFFFD') || 'no reason was given'
  const code = read(cause, 'code')
  return { ...(typeof code === 'string' && /^[\w.-]+$/.test(code) ? { code } : {}), message }
}

/** A property of what was thrown; nothing where it cannot be read. */
export function read(cause: unknown, name: string): unknown {
  try {
    return (Object(cause) as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** A person reads it; a whole page of HTML that a server answered is not read. */
const longestMessage = 2_000
