/** Time as the library sees it; hand in another one to test hours in milliseconds. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls `wake` once, `delayMs` from now; returns a function that cancels it. */
  after(delayMs: number, wake: () => void, options?: TimerOptions): () => void
}

/** How a timer is kept. */
export interface TimerOptions {
  /**
   * Whether somebody awaits it, so that the process must live until it is over. Default false: what
   * is looked at in the background does not keep a process alive.
   */
  readonly keepsAlive?: boolean
}

/** Node runs a timer that is set for longer at once. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, wake, { keepsAlive = false } = {}) {
    const timer = setTimeout(wake, Math.min(delayMs, longestTimerMs))
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
}
