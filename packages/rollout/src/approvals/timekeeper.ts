import type { Clock } from '@sluice/stores'

/**
 * What this process can say of the time: no clock is right for certain, so it is a span.
 *
 * What opens something uses the early end, what closes something the late one. A clock that is no number gives the span
 * of all times: nothing opens, everything closes.
 */
export interface TimeSpan {
  /** The clock's word, for what is written. */
  readonly at: number
  readonly earliest: number
  readonly latest: number
}

/** Watches a clock with timers, which do not jump when it does. */
export interface Timekeeper {
  read(): TimeSpan
  /** A commit that was read: whoever wrote it says that it is at least so late. The newest word counts. */
  hear(at: number): void
  stop(): void
}

/** A timer that is seconds late is busy, not wrong; a jump of less than the limit is not worth telling from one. */
const beatMs = 30_000
const gapLimitMs = 120_000

/**
 * Watches a clock from now on.
 *
 * Time goes on by what passed between two beats of a timer. Where the clock moved by more than two minutes, or back, in
 * that time, it jumped, and only the beat counts. A machine that slept looks the same, and is treated the same.
 *
 * A process that starts with a wrong clock cannot know it.
 */
export function createTimekeeper(clock: Clock): Timekeeper {
  let seenAt = clock.now()
  let observed = seenAt
  let heardAt = Number.NEGATIVE_INFINITY
  let cancel = clock.after(beatMs, beat)

  function beat(): void {
    const at = clock.now()
    // A clock that stands still is behind the timer.
    observed += Math.max(beatMs, passed(at) ?? 0)
    seenAt = at
    cancel = clock.after(beatMs, beat)
  }

  /** How far the clock moved since the last beat; undefined where it jumped. */
  function passed(at: number): number | undefined {
    const movedMs = at - seenAt
    return movedMs >= 0 && movedMs <= gapLimitMs ? movedMs : undefined
  }

  return {
    read() {
      const at = clock.now()
      const soFar = observed + (passed(at) ?? 0)
      if (!Number.isFinite(at) || !Number.isFinite(soFar)) {
        return { at, earliest: Number.NEGATIVE_INFINITY, latest: Number.POSITIVE_INFINITY }
      }
      return { at, earliest: Math.min(at, soFar), latest: Math.max(at, soFar, heardAt) }
    },
    hear(at) {
      heardAt = at
    },
    stop: () => cancel(),
  }
}
