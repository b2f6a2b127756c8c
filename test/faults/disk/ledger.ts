import { type Commit, type CompactableStore, createReplica, type Replica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createRecorder, type Step } from './power-cut.ts'

/** Something that was promised once this many steps had been taken. */
interface Promised<T> {
  readonly done: number
  readonly value: T
}

/** What was written and promised while the steps were recorded. */
export interface Ledger {
  readonly steps: Step[]
  /** Every commit that was handed to a store, by its hash. */
  readonly attempted: Map<string, Commit>
  readonly commits: Promised<Commit>[]
  /** Revisions whose whole state was written: in a snapshot, a cache, a backup. */
  readonly states: Promised<number>[]
}

/** A process that uses the log. */
export interface Party {
  readonly store: CompactableStore
  readonly replica: Replica
  commit(): Promise<void>
  snapshot(): Promise<void>
  /** Commits and takes a snapshot, three times: no older snapshot is left. */
  threeSnapshots(): Promise<void>
  /** Drops all that a snapshot covers, but its own commit. */
  compact(archive?: string): Promise<void>
}

/** Creates an empty ledger of what happens below a root. */
export function createLedger(root: string) {
  const { steps, gate } = createRecorder(root)
  const ledger: Ledger = { steps, attempted: new Map(), commits: [], states: [] }
  return { ledger, gate }
}

/** Opens the log as a process of its own would, noting what is promised to it. */
export function createParty(directory: string, ledger: Ledger, cache?: string): Party {
  const promised = <T>(value: T): Promised<T> => ({ done: ledger.steps.length, value })
  const files = createFileStore({ directory, create: true })
  const store: CompactableStore = {
    ...files,
    append(commit) {
      ledger.attempted.set(commit.hash, commit)
      return files.append(commit)
    },
  }
  const replica = createReplica({ store, snapshotEvery: 0, ...(cache && { cache }) })
  let count = 0

  const party: Party = {
    store,
    replica,
    async commit() {
      count += 1
      const changes = [{ key: `key/${count % 3}`, value: { count, padding: 'x'.repeat(40) } }]
      const draft = { actor: 'ann', action: 'count', reason: 'the power', changes }
      ledger.commits.push(promised(await replica.commit(draft, { dependsOn: [] })))
    },
    async snapshot() {
      const { revision } = await replica.snapshot()
      ledger.states.push(promised(revision))
    },
    async threeSnapshots() {
      for (let count = 0; count < 3; count += 1) {
        await party.commit()
        await party.snapshot()
      }
    },
    async compact(archive) {
      const snapshot = await store.readSnapshot()
      if (snapshot === undefined) return
      await store.compact({ keepAfter: snapshot.revision - 1, archive })
    },
  }
  return party
}
