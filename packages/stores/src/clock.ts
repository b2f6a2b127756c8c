/** Time as the library sees it; hand in another one to test hours in milliseconds. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Calls `wake` once, `delayMs` from now; returns a function that cancels it. */
  after(delayMs: number, wake: () => void): () => void
}

/** The machine's clock. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
