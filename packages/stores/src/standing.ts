import type { Clock } from './clock.ts'
import type { Events, ReplicaStatus } from './events.ts'

/** How a replica stands towards its store, and who waits for it to be live. */
export interface Standing {
  readonly status: ReplicaStatus
  readonly stalenessMs: number
  /** Whether the state has been the store's newest at least once. */
  readonly hasBeenLive: boolean
  /** The state was the store's newest at this instant. */
  markLive(at: number): void
  /** The state comes from the cache and was the store's newest at this instant. */
  markCached(at: number): void
  /** The store did not answer as it should; the state stays. */
  markLost(): void
  /** Resolves true once live, false after `timeoutMs` or on `close`. */
  wait(timeoutMs: number): Promise<boolean>
  close(): void
}

export function createStanding(clock: Clock, events: Events): Standing {
  let status: ReplicaStatus = 'defaults'
  let newestAt = Number.NEGATIVE_INFINITY
  let hasBeenLive = false
  let isClosed = false
  const waiters = new Set<(isLive: boolean) => void>()

  function move(next: ReplicaStatus): void {
    if (status === next) return
    status = next
    events.tell('status', next)
  }

  function release(isLive: boolean): void {
    for (const finish of [...waiters]) finish(isLive)
  }

  return {
    get status() {
      return status
    },
    get stalenessMs() {
      // Clocks of two machines may differ; a state is never from the future.
      return Math.max(0, clock.now() - newestAt)
    },
    get hasBeenLive() {
      return hasBeenLive
    },

    markLive(at) {
      newestAt = at
      hasBeenLive = true
      move('live')
      release(true)
    },

    markCached(at) {
      newestAt = at
      move('cached')
    },

    markLost() {
      if (status === 'live') move('cached')
    },

    wait(timeoutMs) {
      if (isClosed) return Promise.resolve(false)
      if (status === 'live') return Promise.resolve(true)
      return new Promise((resolve) => {
        const finish = (isLive: boolean) => {
          waiters.delete(finish)
          cancel()
          resolve(isLive)
        }
        const cancel = clock.after(timeoutMs, () => finish(false), { keepsAlive: true })
        waiters.add(finish)
      })
    },

    close() {
      isClosed = true
      release(false)
    },
  }
}
