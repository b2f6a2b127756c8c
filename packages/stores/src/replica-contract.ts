import type { Head } from './chain.ts'
import type { Clock } from './clock.ts'
import type { CommitOptions } from './committer.ts'
import type { CommitDraft } from './draft.ts'
import type { Events, ReplicaStatus } from './events.ts'
import type { Entry, Fold, KeyedEntry } from './fold.ts'
import type { KeyMatch } from './history.ts'
import type { PastOptions } from './state-at.ts'
import type { Commit, Snapshot, Store } from './store.ts'

/** A live copy of a log's state in this process: answers at once, follows the store, writes to it. */
export interface Replica {
  /** The last commit folded in. */
  readonly head: Head
  readonly status: ReplicaStatus
  /** How long ago, in milliseconds, this was the store's newest state; Infinity where it never was. */
  readonly stalenessMs: number
  /** The value of a key and the revision that wrote it; nothing for a deleted key. Frozen. */
  get(key: string): Entry | undefined
  /** Live keys that start with the prefix, sorted. Default: all. */
  keys(prefix?: string): string[]
  /** Live entries whose keys start with the prefix, sorted by key. Default: all. */
  entries(prefix?: string): KeyedEntry[]
  /** The revision that last wrote a key, even if it deleted it; 0 where none did. */
  revisionOf(key: string): number
  /** Loads the cache and begins to follow the store. Waits for the cache only; never rejects. */
  start(): Promise<void>
  /**
   * Waits until the replica is live.
   *
   * @param options.timeoutMs Default 5,000.
   * @returns false where the time ran out or the replica was closed. Never rejects.
   */
  ready(options?: { readonly timeoutMs?: number }): Promise<boolean>
  /**
   * Catches up with the store now. Needs no `start`.
   *
   * @throws SluiceError What kept it from doing so; told as an `error` event too.
   */
  refresh(): Promise<void>
  /**
   * Writes a draft to the log and folds it in before it resolves. Needs no `start`.
   *
   * Where another commit took the position, it catches up and tries again, unless a key the commit
   * depends on was written meanwhile.
   *
   * @throws SluiceError `conflict` naming the key, who changed it and when; `invalid_commit`;
   * `commit_too_large`; `outcome_unknown` where the store went away in the middle; `replica_closed`;
   * the store's own refusals (`store_full` …). Only after `outcome_unknown` may it be in the log.
   */
  commit(draft: CommitDraft, options?: CommitOptions): Promise<Commit>
  /**
   * Commits that touched a key, a prefix ending in `/`, or keys that pass a test; oldest first.
   *
   * Read from the store, as far back as it still holds them.
   */
  history(match: KeyMatch): Promise<Commit[]>
  /**
   * The state up to the last commit that was written no later than an instant.
   *
   * @param at Epoch milliseconds, by the clocks of those who wrote.
   * @throws SluiceError `compacted` where what leads there is no longer to be had.
   */
  stateAt(at: number, options?: PastOptions): Promise<Fold>
  /**
   * Catches up and writes the state to the store as a snapshot.
   *
   * @throws SluiceError `log_empty`, or what the store throws.
   */
  snapshot(): Promise<Snapshot>
  /** Listens to an event; answers a function that stops it. */
  on: Events['on']
  off: Events['off']
  /** Stops following and writes the cache. The store stays open: whoever opened it closes it. */
  close(): Promise<void>
}

/** What a replica is made of. */
export interface ReplicaOptions {
  readonly store: Store
  /** Default: {@link systemClock}. */
  readonly clock?: Clock | undefined
  /** The longest a change can go unseen where the store's wake-up is lost. Default 1,000. */
  readonly pollMs?: number | undefined
  /** How long a single call to the store may take before it counts as failed. Default 15,000. */
  readonly storeTimeoutMs?: number | undefined
  /** A file for the last known good state, in a folder that exists. Default: none. */
  readonly cache?: string | undefined
  /** Numbers in [0, 1), for pauses and nonces; replicas must not share a seed. Default Math.random. */
  readonly random?: (() => number) | undefined
  /** The replica whose commit reaches a multiple of this writes a snapshot. Default 1,000; 0: never. */
  readonly snapshotEvery?: number | undefined
}
