import type { Clock } from './clock.ts'

/** Keeps calling a catch-up: when woken, when asked, and at every poll. */
export interface Follower {
  /** Begins to poll. */
  start(): void
  /** Catches up now. A call made while one runs is served by one further run, however many call. */
  refresh(): Promise<void>
  /**
   * Catches up on a hint of the store. While it is lost a hint is a sign of life: should this look come
   * a moment too early, the next one follows soon, however long the pauses had become.
   */
  wake(): void
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

/** How long all must be well before a failure counts as the first again. */
const healthyMs = 60_000

/** The longest that a server's wish to be left alone is heeded. */
const maxRetryAfterMs = 300_000

export function createFollower({ run, clock, random, pollMs }: FollowOptions): Follower {
  let phase: 'idle' | 'following' | 'stopped' = 'idle'
  let failures = 0
  /** What the last look failed with; undefined while all is well. */
  let failure: unknown
  let healthySince: number | undefined
  let running: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let cancelTimer = () => {}

  async function runOnce(): Promise<void> {
    try {
      await run()
      failure = undefined
      healthySince ??= clock.now()
      // A link that comes and goes is not to be asked at full pace each time it comes.
      if (clock.now() - healthySince >= healthyMs) failures = 0
    } catch (error) {
      failure = error
      healthySince = undefined
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
    if (failure === undefined) return pollMs
    // Half fixed, half random, so that a fleet does not come back in one wave.
    return fullDelayMs() * (0.5 + random() / 2)
  }

  function fullDelayMs(): number {
    const { code, retryAfterMs } = failure as { code?: unknown; retryAfterMs?: unknown }
    if (typeof retryAfterMs === 'number' && retryAfterMs > 0) {
      // Twice, so that the half that is fixed is what was asked for.
      return 2 * Math.min(maxRetryAfterMs, retryAfterMs)
    }
    // Credentials are not mended in a second; but when they are, nothing need be restarted.
    if (code === 'store_unauthorized') return maxBackoffMs
    return Math.min(maxBackoffMs, pollMs * 2 ** Math.min(failures, 30))
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
    wake() {
      failures = 0
      refresh().catch(() => {})
    },
    stop() {
      phase = 'stopped'
      cancelTimer()
    },
  }
}
