import { SluiceError } from '@sluice/core'
import { findLinkFault, type Head } from './chain.ts'
import { isHead } from './shape.ts'
import type { Commit, Snapshot, Store } from './store.ts'

/** A store that can drop commits which a snapshot has taken in. */
export interface CompactableStore extends Store {
  /**
   * Drops the commits up to `keepAfter`.
   *
   * The chain from the last cut to the snapshot is verified first; the hash at the new cut is kept,
   * so that what remains still verifies. The newest commit always stays.
   *
   * @throws SluiceError `snapshot_missing` unless a valid snapshot covers `keepAfter`;
   * `broken_chain` where the log and the snapshot do not agree. Nothing is dropped then.
   */
  compact(options: CompactOptions): Promise<Compaction>
  /**
   * Makes an empty log begin after a commit that it does not hold, as if a compaction had dropped all
   * before: what restoring a compacted log needs. Readers below it are told `compacted`.
   *
   * @throws SluiceError `log_not_empty`; see {@link createNotEmptyError}.
   */
  startAfter(cut: Head): Promise<void>
}

/** What to drop, and where to keep it. */
export interface CompactOptions {
  /** The last revision to drop. Commits above it stay readable. */
  readonly keepAfter: number
  /** A folder to write the dropped commits to first, as JSON lines. Default: they are not kept. */
  readonly archive?: string | undefined
}

/** What a compaction did. */
export interface Compaction {
  /** The last dropped commit, from this or an earlier compaction; revision 0 where none was. */
  readonly cut: Head
  /** How many commits this compaction dropped. */
  readonly dropped: number
}

/**
 * The signal of a store that the commits asked for were dropped: start from its snapshot.
 *
 * @param cut The last dropped commit. Commits above it can be read, and the first of them names
 * `cut.hash` as the hash before it.
 */
export function createCompactedError(cut: Head): SluiceError & { readonly cut: Head } {
  const error = new SluiceError(
    'compacted',
    `Commits up to revision ${cut.revision} were compacted: start from the snapshot.`,
  )
  return Object.assign(error, { cut: { revision: cut.revision, hash: cut.hash } })
}

/** The refusal of a store that was asked to begin anew and holds something already. */
export function createNotEmptyError(): SluiceError {
  return new SluiceError('log_not_empty', 'The store holds a log already: take an empty one.')
}

/** The cut that a `compacted` error names; nothing for any other error. */
export function getCut(error: unknown): Head | undefined {
  if ((error as { code?: unknown } | undefined)?.code !== 'compacted') return undefined
  const { cut } = error as { cut?: unknown }
  return isHead(cut) ? cut : undefined
}

/**
 * Verifies that a snapshot may stand for the commits up to `last`.
 *
 * @param commits What follows `from`, as far as the snapshot at least.
 * @returns the head at `last`: the new cut.
 * @throws SluiceError `snapshot_missing`, `broken_chain`.
 */
export async function assertCompactable(
  commits: Iterable<Commit> | AsyncIterable<Commit>,
  from: Head,
  last: number,
  snapshot: Snapshot | undefined,
): Promise<Head> {
  if (snapshot === undefined || snapshot.revision < last) {
    throw new SluiceError(
      'snapshot_missing',
      `No snapshot covers revision ${last}: write one (replica.snapshot()) before compacting.`,
    )
  }
  let head = from
  let cut = from
  for await (const commit of commits) {
    if (commit.revision > snapshot.revision) break
    const fault = findLinkFault(commit, head)
    if (fault !== undefined) throw broken(head.revision + 1, fault)
    head = { revision: commit.revision, hash: commit.hash }
    if (head.revision === last) cut = head
  }
  if (head.revision !== snapshot.revision) throw broken(head.revision + 1, 'the log ends before it')
  if (head.hash !== snapshot.hash) throw broken(head.revision, 'the snapshot names another hash')
  return cut
}

function broken(revision: number, fault: string): SluiceError {
  return new SluiceError(
    'broken_chain',
    `The log does not verify at revision ${revision}: ${fault}. Nothing was compacted.`,
  )
}
