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

/** A key, its value and the revision that last wrote it. */
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
  /** Commits with a revision above `after`, in order, at most `limit` of them. */
  read(after: number, limit?: number): Promise<Commit[]>
  /**
   * Makes the commit durable.
   *
   * @throws SluiceError `conflict` unless `commit.revision` is exactly one above the head.
   */
  append(commit: Commit): Promise<void>
  /** A hint that there may be something new: it may come late, twice or never. */
  watch?(wake: () => void): Promise<() => void>
  readSnapshot(): Promise<Snapshot | undefined>
  writeSnapshot(snapshot: Snapshot): Promise<void>
  close(): Promise<void>
}
