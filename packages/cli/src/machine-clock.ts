import type { Clock } from '@sluice/stores'

/** Node runs a timer that is set for longer at once. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's clock, without loading the stores for it: `sluice --help` needs none of them. */
export const machineClock: Clock = {
  now: Date.now,
  after(delayMs, wake, { keepsAlive = false } = {}) {
    const timer = setTimeout(wake, Math.min(delayMs, longestTimerMs))
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
}
