import type { Clock } from './clock.ts'

/** Keeps calling a catch-up: when woken, when asked, and at every poll. */
export interface Follower {
  /** Begins to poll. */
  start(): void
  /** Catches up now. A call made while one runs is served by one further run, however many call. */
  refresh(): Promise<void>
  stop(): void
}

/** What a follower needs. */
export interface FollowOptions {
  readonly run: () => Promise<void>
  readonly clock: Clock
  readonly random: () => number
  /** From the end of one look to the next while all is well. */
  readonly pollMs: number
}

/** The longest pause after failures: an outage's end is seen within this, whatever its length. */
const maxBackoffMs = 30_000

export function createFollower({ run, clock, random, pollMs }: FollowOptions): Follower {
  let phase: 'idle' | 'following' | 'stopped' = 'idle'
  let failures = 0
  let running: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let cancelTimer = () => {}

  async function runOnce(): Promise<void> {
    try {
      await run()
      failures = 0
    } catch (error) {
      failures += 1
      throw error
    } finally {
      running = undefined
      schedule()
    }
  }

  function schedule(): void {
    cancelTimer()
    if (phase !== 'following') return
    // The follower's own looks report their failures through `run`; nobody waits for them.
    cancelTimer = clock.after(delayMs(), () => void refresh().catch(() => {}))
  }

  function delayMs(): number {
    if (failures === 0) return pollMs
    const fullMs = Math.min(maxBackoffMs, pollMs * 2 ** Math.min(failures, 30))
    // Half fixed, half random, so that a fleet does not come back in one wave.
    return fullMs * (0.5 + random() / 2)
  }

  function refresh(): Promise<void> {
    if (running === undefined) {
      running = runOnce()
      return running
    }
    // The running one may have read before the caller's reason to ask: it needs another.
    queued ??= running
      .catch(() => {})
      .then(() => {
        queued = undefined
        return refresh()
      })
    return queued
  }

  return {
    start() {
      if (phase === 'idle') phase = 'following'
    },
    refresh,
    stop() {
      phase = 'stopped'
      cancelTimer()
    },
  }
}
