import type { Json } from '@sluice/core'

/** One durable change: who, what, when, where, why, and the change itself. */
export interface Commit {
  /** 1, 2, 3 … without gaps. */
  readonly revision: number
  /** Epoch milliseconds, by the clock of the process that wrote it. */
  readonly at: number
  readonly actor: string
  /** What was done, lower snake case: `set_rollout`, `roll_back`. */
  readonly action: string
  readonly reason: string
  readonly ticket?: string
  readonly environment?: string
  readonly changes: readonly Change[]
  /**
   * Drawn at random by the writer, so that after an append whose outcome it did not see it can tell
   * its own commit from a twin that another process wrote in the same millisecond.
   */
  readonly nonce?: string
  /** The hash of the commit before; of the first: {@link genesisHash}. */
  readonly previousHash: string
  /** SHA-256 over the canonical JSON (RFC 8785) of every other field, lower-case hex. */
  readonly hash: string
}

/** One key's new value; null deletes it. */
export interface Change {
  readonly key: string
  readonly value: Json | null
}

/** The fold of the log up to a revision, so that a new reader need not read it all. */
export interface Snapshot {
  readonly revision: number
  /** The hash of the commit at `revision`. */
  readonly hash: string
  readonly at: number
  readonly entries: readonly SnapshotEntry[]
  /** SHA-256 over the canonical JSON of every other field, lower-case hex. */
  readonly checksum: string
}

/**
 * A key, its value and the revision that last wrote it.
 *
 * The value null marks a key deleted at that revision: whoever decided on the strength of it before
 * must still learn that it has gone.
 */
export interface SnapshotEntry {
  readonly key: string
  readonly value: Json
  readonly revision: number
}

/**
 * The whole adapter layer: a log in which position N can be written once.
 *
 * An implementation only has to create a position if it is absent. Folding, following, retrying and
 * verifying live once, above, in the replica.
 */
export interface Store {
  /**
   * Commits with a revision above `after`, in order and without a gap, at most `limit` of them.
   *
   * It sees every append that was acknowledged before it was called, to whichever process. Fewer than
   * `limit` does not mean that there are no more; none does.
   *
   * @param limit Default: no limit.
   * @throws SluiceError `corrupt_commit` or `missing_commit` where one of the commits asked for is
   * damaged, though others before it are good; `compacted` where commits above `after` were dropped after a snapshot took
   * them in; see `createCompactedError`.
   */
  read(after: number, limit?: number): Promise<Commit[]>
  /**
   * Makes the commit durable.
   *
   * An error whose code is in {@link refusalCodes} says that nothing was written, by this call: a store
   * whose driver tries again by itself must not take its own first try for a conflict. Any other error
   * leaves the outcome open, and the replica reads the position back.
   *
   * @throws SluiceError `conflict` unless `commit.revision` is exactly one above the head.
   */
  append(commit: Commit): Promise<void>
  /** A hint that there may be something new: it may come late, twice or never. */
  watch?(wake: () => void): Promise<() => void>
  /** The newest snapshot, or nothing where none was written. */
  readSnapshot(): Promise<Snapshot | undefined>
  /** Keeps the snapshot. One that is older than the newest never takes its place. */
  writeSnapshot(snapshot: Snapshot): Promise<void>
  /** Short-lived values that processes share beside the log, where the store can hold them. */
  readonly exchange?: Exchange
  /** Lets go of every handle; later calls reject with `store_closed`. Closing twice is allowed. */
  close(): Promise<void>
}

/**
 * A board for values that matter for seconds: health counters, a lease. Not part of the log.
 *
 * Nothing on it is durable, and losing all of it costs no more than waiting for the next one.
 */
export interface Exchange {
  /**
   * Puts a value under a key, in place of the one before, until its time is over.
   *
   * @param key As long as 200 characters of `A-Z a-z 0-9 - _ . = /`.
   * @param value Null takes the value away at once.
   * @param ttlMs From 1 to 86,400,000. The value may be seen a second longer, never two.
   * @throws SluiceError `invalid_exchange` for a key or time that is not allowed.
   */
  publish(key: string, value: Json | null, ttlMs: number): Promise<void>
  /** Every value whose key begins with the prefix and whose time is not over, sorted by key. */
  collect(prefix: string): Promise<SharedValue[]>
}

/** A value on the {@link Exchange}. */
export interface SharedValue {
  readonly key: string
  readonly value: Json
}

/**
 * Error codes by which a store says that an append wrote nothing, for certain.
 *
 * After any other error of `append` the commit may be in the log, now or a little later.
 */
export const refusalCodes: ReadonlySet<string> = new Set([
  'conflict',
  'store_full',
  'store_read_only',
  'store_missing',
  'store_unsupported',
  'store_closed',
  'missing_commit',
])
