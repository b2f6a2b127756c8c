import { SluiceError } from '@sluice/core'
import { genesis, type Head } from './chain.ts'
import { assertCompactable, type CompactableStore, createCompactedError } from './compaction.ts'
import { freezeDeep } from './json-copy.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Snapshot } from './store.ts'

/**
 * A store in this process's memory, for tests and programs that need no durability.
 *
 * Several replicas may share one. It holds frozen copies: nobody can change history through a commit
 * that was handed in or out.
 */
export function createMemoryStore(): CompactableStore {
  let commits: Commit[] = []
  let cut: Head = genesis
  let snapshot: Snapshot | undefined
  let isClosed = false
  const wakes = new Set<() => void>()

  const assertOpen = () => {
    if (isClosed) throw new SluiceError('store_closed', 'The memory store is closed.')
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

    async compact({ keepAfter }) {
      assertOpen()
      const last = Math.min(keepAfter, cut.revision + commits.length - 1)
      if (last <= cut.revision) return { cut, dropped: 0 }
      const from = cut
      const next = await assertCompactable([...commits], from, last, snapshot)
      // Another compaction came first; begin again from its cut.
      if (cut !== from) return store.compact({ keepAfter })
      const dropped = last - from.revision
      commits = commits.slice(dropped)
      cut = next
      return { cut, dropped }
    },

    async close() {
      isClosed = true
      wakes.clear()
    },
  }
  return store
}
