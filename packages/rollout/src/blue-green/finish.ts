import type { Clock } from '@sluice/stores'
import { type StepContext, type StepOutcome, waitFor } from '../procedure/step.ts'
import { toReason } from '../transition/reason.ts'

/** Tries of what comes after the point of no return: a service that is away for some minutes does not defeat it. */
const maxTries = 5
const pauseMs = 30_000

/**
 * Ends a step behind the point of no return: what fails there is tried again and then told, but sends nothing back.
 *
 * @returns What `done` says; a wait before the next try; or, after the last, a result that names what is left.
 */
export async function finish(
  { memo }: Pick<StepContext, 'memo'>,
  work: () => Promise<void>,
  options: {
    readonly clock: Clock
    readonly limitMs: number
    readonly tellError: (error: unknown) => void
    readonly done: () => StepOutcome
  },
): Promise<StepOutcome> {
  const { clock, limitMs, tellError, done } = options
  try {
    await inTime(clock, limitMs, work())
  } catch (error) {
    tellError(error)
    const tries = (typeof memo === 'number' ? memo : 0) + 1
    const message = toReason(error)
    if (tries >= maxTries) return { left: message }
    return waitFor(pauseMs, `it is tried again: ${message}`, tries)
  }
  return done()
}

function inTime(clock: Clock, limitMs: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(
      limitMs,
      () => reject(new Error(`it did not end within ${limitMs} ms`)),
      { keepsAlive: true },
    )
    work.then(resolve, reject).finally(cancel)
  })
}
