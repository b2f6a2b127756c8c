import { SluiceError } from '@sluice/core'
import { createCache } from './cache.ts'
import { createCatchUp, type State } from './catch-up.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCommitter } from './committer.ts'
import { createEvents, toStoreError } from './events.ts'
import { createFold } from './fold.ts'
import { createFollower } from './follow.ts'
import { readHistory } from './history.ts'
import { createPatientStore } from './patient-store.ts'
import type { Replica, ReplicaOptions } from './replica-contract.ts'
import { sealSnapshot } from './snapshot.ts'
import { createStanding } from './standing.ts'
import { readStateAt } from './state-at.ts'
import type { Snapshot } from './store.ts'

/** From one failed try to watch to the next. */
const watchPauseMs = 30_000

/** How long a close waits for the write that is under way. */
const lastWriteMs = 3_000

/** Creates a replica. It does nothing by itself until `start`. */
export function createReplica(options: ReplicaOptions): Replica {
  const { clock = systemClock, random = Math.random } = options
  const { pollMs = 1_000, storeTimeoutMs = 15_000, snapshotEvery = 1_000 } = options
  if (!(pollMs >= 1 && storeTimeoutMs >= 1)) {
    const found = `pollMs ${pollMs}, storeTimeoutMs ${storeTimeoutMs}`
    throw new SluiceError(
      'invalid_option',
      `A replica takes times of 1 ms or more, not ${found}.`,
      {
        expected: '1 or more',
        found,
      },
    )
  }
  const store = createPatientStore(options.store, clock, storeTimeoutMs)
  const events = createEvents()
  const state: State = { fold: createFold() }
  const standing = createStanding(clock, events)
  const catchUp = createCatchUp(store, state, events)
  const follower = createFollower({ run: look, clock, random, pollMs })
  const report = (error: SluiceError) => events.tell('error', error)
  const cache =
    options.cache === undefined
      ? undefined
      : createCache({ path: options.cache, clock, take: takeSnapshot, report })
  const committer = createCommitter({
    store,
    clock,
    random,
    fold: () => state.fold,
    hasCaughtUp: () => standing.hasBeenLive,
    refresh: follower.refresh,
    take: catchUp.take,
    assertOpen,
  })

  let isClosed = false
  /** When to try again to watch a store that is live and cannot be watched. */
  let watchAgainAt = Number.POSITIVE_INFINITY
  let starting: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let unwatching: Promise<(() => void) | undefined> = Promise.resolve(undefined)
  let snapshotting: Promise<unknown> = Promise.resolve()

  /** One look at the store, with everything that follows from how it ends. */
  async function look(): Promise<void> {
    assertOpen()
    const lookedAt = clock.now()
    try {
      await catchUp.run()
    } catch (cause) {
      const error = toStoreError(cause)
      if (!isClosed) {
        standing.markLost()
        report(error)
      }
      throw error
    }
    if (isClosed) return
    // A watch does not outlive an outage for certain, so each return to the store begins a new one.
    const isDue = standing.status !== 'live' || clock.now() >= watchAgainAt
    if (starting !== undefined && isDue) unwatching = watchAnew(unwatching)
    standing.markLive(lookedAt)
  }

  async function watchAnew(
    previous: Promise<(() => void) | undefined>,
  ): Promise<(() => void) | undefined> {
    const unwatch = await previous
    unwatch?.()
    if (isClosed) return undefined
    try {
      const unwatch = await store.watch?.(() => {
        if (!isClosed) follower.wake()
      })
      watchAgainAt = Number.POSITIVE_INFINITY
      return unwatch
    } catch (cause) {
      // The poll finds everything by itself, only later; said once for as long as it lasts.
      if (watchAgainAt === Number.POSITIVE_INFINITY) report(toStoreError(cause))
      watchAgainAt = clock.now() + watchPauseMs * (0.5 + random() / 2)
      return undefined
    }
  }

  async function begin(): Promise<void> {
    const cached = await cache?.load()
    if (isClosed) return
    if (cached !== undefined && !standing.hasBeenLive) {
      catchUp.reset(createFold(cached), 'cache')
      standing.markCached(cached.at)
    }
    if (cache !== undefined) {
      events.on('change', cache.touch)
      events.on('reset', cache.touch)
    }
    follower.start()
    // Failures are told as events, and the next poll tries again.
    follower.refresh().catch(() => {})
  }

  async function end(): Promise<void> {
    isClosed = true
    follower.stop()
    standing.close()
    // A write under way ends by itself if it can; how it ended is worth a moment.
    await within(clock, lastWriteMs, committer.idle())
    store.giveUp()
    const unwatch = await unwatching
    unwatch?.()
    await Promise.all([cache?.close(), snapshotting])
    events.clear()
  }

  function takeSnapshot(): Snapshot {
    return sealSnapshot(state.fold.head, state.fold.slots(), clock.now())
  }

  async function writeSnapshot(): Promise<Snapshot> {
    const snapshot = takeSnapshot()
    await store.writeSnapshot(snapshot)
    return snapshot
  }

  function assertOpen(): void {
    if (isClosed) throw new SluiceError('replica_closed', 'The replica is closed.')
  }

  return {
    get head() {
      return state.fold.head
    },
    get status() {
      return standing.status
    },
    get stalenessMs() {
      return standing.stalenessMs
    },
    get: (key) => state.fold.get(key),
    keys: (prefix = '') => state.fold.entries(prefix).map((entry) => entry.key),
    entries: (prefix = '') => state.fold.entries(prefix),
    revisionOf: (key) => state.fold.lastWrite(key)?.revision ?? 0,

    start() {
      starting ??= begin()
      return starting
    },
    ready: ({ timeoutMs = 5_000 } = {}) => standing.wait(timeoutMs),
    refresh: follower.refresh,

    async commit(draft, rests) {
      const written = await committer.commit(draft, rests)
      if (snapshotEvery > 0 && written.revision % snapshotEvery === 0) {
        // The commit stands whether or not the snapshot can be written; the next one tries again.
        snapshotting = writeSnapshot().catch((cause: unknown) => report(toStoreError(cause)))
      }
      return written
    },
    history: (match) => readHistory(store, match),
    stateAt: (at, past) => readStateAt(store, at, past),
    async snapshot() {
      await follower.refresh()
      if (state.fold.head.revision === 0) {
        throw new SluiceError('log_empty', 'There is nothing to take a snapshot of: write first.')
      }
      return writeSnapshot()
    },

    on: events.on,
    off: events.off,

    close() {
      closing ??= end()
      return closing
    },
  }
}

/** Waits for a promise that never rejects, but not for ever. */
function within(clock: Clock, limitMs: number, awaited: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(limitMs, resolve, { keepsAlive: true })
    void awaited.then(() => {
      cancel()
      resolve()
    })
  })
}
