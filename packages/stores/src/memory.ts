/**
 * The log in the memory of one process, for tests and first steps.
 *
 * @module
 */

import { SluiceError } from '@sluice/core'
import { genesis, type Head } from './chain.ts'
import { type Clock, systemClock } from './clock.ts'
import { compactLog } from './compact-log.ts'
import { type CompactableStore, createCompactedError, createNotEmptyError } from './compaction.ts'
import { createMemoryExchange } from './exchange.ts'
import { freezeDeep } from './json-copy.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Snapshot } from './store.ts'

/** How a memory store is made. */
export interface MemoryStoreOptions {
  /** Tells when a value on the exchange is over. Default: {@link systemClock}. */
  readonly clock?: Clock
}

/**
 * A store in this process's memory, for tests and programs that need no durability.
 *
 * Several replicas may share one. It holds frozen copies: nobody can change history through a commit
 * that was handed in or out.
 */
export function createMemoryStore({
  clock = systemClock,
}: MemoryStoreOptions = {}): CompactableStore {
  let commits: Commit[] = []
  let cut: Head = genesis
  let snapshot: Snapshot | undefined
  let isClosed = false
  const wakes = new Set<() => void>()

  const assertOpen = () => {
    if (isClosed) throw new SluiceError('store_closed', 'The memory store is closed.')
  }

  const readCut = async () => cut

  async function drop(next: Head): Promise<number> {
    if (next.revision <= cut.revision) return 0
    const dropped = next.revision - cut.revision
    commits = commits.slice(dropped)
    cut = next
    return dropped
  }

  const store: CompactableStore = {
    async read(after, limit = Number.POSITIVE_INFINITY) {
      assertOpen()
      if (after < cut.revision) throw createCompactedError(cut)
      const start = after - cut.revision
      return commits.slice(start, start + limit)
    },

    async append(commit) {
      assertOpen()
      const next = cut.revision + commits.length + 1
      if (commit.revision !== next) {
        throw new SluiceError(
          'conflict',
          `The log takes revision ${next} next, not ${commit.revision}: catch up and try again.`,
        )
      }
      commits.push(freezeDeep(structuredClone(commit)))
      for (const wake of wakes) wake()
    },

    async watch(wake) {
      assertOpen()
      // Wrapped, so that the same function may watch twice.
      const entry = () => wake()
      wakes.add(entry)
      return async () => {
        wakes.delete(entry)
      }
    },

    async readSnapshot() {
      assertOpen()
      return snapshot
    },

    async writeSnapshot(next) {
      assertOpen()
      const checked = checkSnapshot(structuredClone(next), 'memory')
      if (snapshot === undefined || snapshot.revision <= checked.revision) snapshot = checked
    },

    async compact(options) {
      assertOpen()
      return compactLog({ ...store, readCut, drop }, options)
    },

    async startAfter(next) {
      assertOpen()
      if (cut.revision + commits.length > 0) throw createNotEmptyError()
      cut = { revision: next.revision, hash: next.hash }
    },

    exchange: createMemoryExchange(clock),

    async close() {
      isClosed = true
      wakes.clear()
    },
  }
  return store
}
