import { setImmediate } from 'node:timers'
import type { Clock } from './clock.ts'

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves time forward, waking each timer at its own instant, in order of due time and then of
   * creation. After each, and at the end, everything that only waited for promises has run.
   *
   * @param durationMs 0 or more; 0 lets pending work run.
   */
  advance(durationMs: number): Promise<void>
  /** {@link ManualClock.advance} to an instant in epoch milliseconds, not before now. */
  set(instant: number): Promise<void>
  /** How many timers wait. After everything is closed: 0. */
  readonly pendingTimers: number
}

/**
 * Creates a manual clock.
 *
 * @param startAt Epoch milliseconds. Default: the first of January 2026, 00:00 UTC.
 */
export function createManualClock(startAt = Date.UTC(2026, 0, 1)): ManualClock {
  let now = startAt
  let nextId = 0
  const timers = new Map<number, { readonly dueAt: number; readonly wake: () => void }>()

  async function set(instant: number): Promise<void> {
    if (!(instant >= now)) throw new RangeError(`Time cannot go back from ${now} to ${instant}.`)
    await settle()
    for (;;) {
      const next = findNext(instant)
      if (next === undefined) break
      const { dueAt, wake } = timers.get(next)!
      timers.delete(next)
      now = Math.max(now, dueAt)
      wake()
      await settle()
    }
    now = instant
  }

  function findNext(until: number): number | undefined {
    let found: number | undefined
    let earliest = until
    // Ids grow, so among equals the first stays.
    for (const [id, { dueAt }] of timers) {
      if (dueAt < earliest || (dueAt === earliest && found === undefined)) {
        found = id
        earliest = dueAt
      }
    }
    return found
  }

  return {
    now: () => now,
    after(delayMs, wake) {
      const id = nextId++
      timers.set(id, { dueAt: now + Math.max(0, delayMs), wake })
      return () => void timers.delete(id)
    },
    advance: (durationMs) => set(now + durationMs),
    set,
    get pendingTimers() {
      return timers.size
    },
  }
}

/** Node's own, as it is now: a test may put a fake in its place, which nobody turns. */
const nextTurn = setImmediate

/** One turn of the event loop begins only when every promise that could settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => void nextTurn(resolve))
}
