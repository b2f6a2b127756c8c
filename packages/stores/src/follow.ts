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
    // What was asked for and up to as much again, so that not all come back at once.
    if (askedMs() > 0) return Math.min(maxRetryAfterMs, askedMs() * (1 + random()))
    // Half fixed, half random, so that a fleet does not come back in one wave.
    return fullDelayMs() * (0.5 + random() / 2)
  }

  function fullDelayMs(): number {
    // Credentials are not mended in a second; but when they are, nothing need be restarted.
    if (isUnauthorized()) return maxBackoffMs
    return Math.min(maxBackoffMs, pollMs * 2 ** Math.min(failures, 30))
  }

  function isUnauthorized(): boolean {
    return (failure as { code?: unknown } | undefined)?.code === 'store_unauthorized'
  }

  /** How long the server asked to be left alone; 0 where it did not. */
  function askedMs(): number {
    const asked = (failure as { retryAfterMs?: unknown } | undefined)?.retryAfterMs
    return typeof asked === 'number' && asked > 0 ? asked : 0
  }

  function isAskedToWait(): boolean {
    return isUnauthorized() || askedMs() > 0
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
      // Who asked for time, or refuses our credentials, is not asked sooner because it lives.
      if (isAskedToWait()) return
      failures = 0
      refresh().catch(() => {})
    },
    stop() {
      phase = 'stopped'
      cancelTimer()
    },
  }
}
