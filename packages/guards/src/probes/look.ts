import { ask, type ProbeClock, sayThrown } from './ask.ts'
import type { Closing } from './closing.ts'
import { type Finding, saySeconds } from './probe-verdict.ts'

/** How a probe is asked. */
export interface LookOptions {
  readonly clock: ProbeClock
  readonly timeoutMs: number
  /** How often it is asked again before it says no, or that it cannot tell. */
  readonly retries: number
  /** Ends the look; nothing is published any more. */
  readonly closing: Closing
  /** Called once. */
  publish(finding: Finding): void
}

/** A service that is being restarted is given a moment; ten seconds pass between runs anyway. */
const RETRY_PAUSE_MS = 500

/** A function that heeds its signal is back at once; another is not waited for before its silence is told. */
const GRACE_MS = 1_000

/**
 * Asks until there is a good answer or no retry is left, and publishes the last one.
 *
 * @returns When the function has come back for good, which may be long after its answer was given up: until then nobody
 * may ask it again. Never rejects.
 */
export async function look(
  find: (signal: AbortSignal) => Finding | Promise<Finding>,
  { clock, timeoutMs, retries, closing, publish }: LookOptions,
): Promise<void> {
  for (let attempt = 0; !closing.isClosed; attempt++) {
    const { answer, settled } = ask(find, { clock, timeoutMs, closing })
    const came = await answer
    const finding: Finding =
      'value' in came
        ? came.value
        : 'threw' in came
          ? { unknown: `it threw: ${sayThrown(came.threw)}` }
          : { unknown: `no answer within ${sayDuration(came.lateAfterMs)}` }
    const isBad = 'unknown' in finding || ('ok' in finding && !finding.ok)
    const mayRetry = isBad && attempt < retries && (await isBackWithin(settled, GRACE_MS))
    if (!mayRetry) {
      publish(finding)
      return settled
    }
    await pause(RETRY_PAUSE_MS)
  }

  /** Waits for the time or the close, whichever is first; or for an end that comes before both. */
  function pause(delayMs: number, end?: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, finish)
      const takeBack = closing.onClose(finish)
      void end?.then(finish)
      function finish() {
        cancel()
        takeBack()
        resolve()
      }
    })
  }

  async function isBackWithin(settled: Promise<void>, limitMs: number): Promise<boolean> {
    let isBack = false
    await pause(
      limitMs,
      settled.then(() => {
        isBack = true
      }),
    )
    return isBack
  }
}

function sayDuration(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs} ms` : saySeconds(durationMs)
}
