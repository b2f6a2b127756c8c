import { SluiceError } from '@sluice/core'
import {
  type Clock,
  type Commit,
  createCompactedError,
  genesis,
  type Head,
  type Snapshot,
} from '@sluice/stores'

/** What a log is at an instant. */
export interface LogState {
  /** Every commit since the first, the compacted ones too. */
  readonly whole: readonly Commit[]
  /** The last commit that was compacted. */
  readonly cut: Head
  readonly snapshot: Snapshot | undefined
}

/** The log that all processes of a schedule share. Every method takes effect at one instant. */
export interface ModelLog extends LogState {
  readonly head: Head
  /** Counts how often the log was replaced. */
  readonly era: number
  /** When it was replaced last, in epoch milliseconds. */
  readonly replacedAt: number
  /** Every commit that any log ever held, by its hash. */
  readonly known: ReadonlyMap<string, Commit>
  /** In which era a commit was appended, by its hash; nothing for one that came with another log. */
  readonly writtenIn: ReadonlyMap<string, number>
  read(after: number, limit?: number): Commit[]
  append(commit: Commit): void
  writeSnapshot(snapshot: Snapshot): void
  drop(cut: Head): number
  /** Puts another log in its place: an older backup of it, or a strange one. */
  replace(next: LogState): void
  /** Tells of each commit that takes effect; answers a function that ends it. */
  onAppend(listener: () => void): () => void
}

/**
 * @param checksChain Whether `append` also refuses a commit that does not name the head's hash, which
 * the contract of a store does not ask.
 */
export function createModelLog(checksChain: boolean, clock: Clock): ModelLog {
  const known = new Map<string, Commit>()
  const writtenIn = new Map<string, number>()
  const listeners = new Set<() => void>()
  let whole: Commit[] = []
  let cut: Head = genesis
  let snapshot: Snapshot | undefined
  let era = 0
  let replacedAt = Number.NEGATIVE_INFINITY

  const headNow = (): Head => whole.at(-1) ?? genesis

  function add(commit: Commit): void {
    whole.push(commit)
    known.set(commit.hash, commit)
  }

  return {
    get whole() {
      return whole
    },
    get cut() {
      return cut
    },
    get snapshot() {
      return snapshot
    },
    get head() {
      return headNow()
    },
    get era() {
      return era
    },
    get replacedAt() {
      return replacedAt
    },
    known,
    writtenIn,

    read(after, limit = Number.POSITIVE_INFINITY) {
      if (after < cut.revision) throw createCompactedError(cut)
      return whole.slice(after, after + limit)
    },

    append(commit) {
      const { revision, hash } = headNow()
      const follows = !checksChain || commit.previousHash === hash
      if (commit.revision !== revision + 1 || !follows) {
        throw new SluiceError('conflict', `Revision ${commit.revision} does not follow the head.`)
      }
      add(commit)
      writtenIn.set(commit.hash, era)
      for (const listener of [...listeners]) listener()
    },

    writeSnapshot(next) {
      if (snapshot === undefined || snapshot.revision <= next.revision) snapshot = next
    },

    drop(next) {
      const dropped = Math.max(0, next.revision - cut.revision)
      if (dropped > 0) cut = { revision: next.revision, hash: next.hash }
      return dropped
    },

    replace(next) {
      era += 1
      replacedAt = clock.now()
      whole = []
      for (const commit of next.whole) add(commit)
      cut = next.cut
      snapshot = next.snapshot
    },

    onAppend(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
