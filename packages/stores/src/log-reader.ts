import { SluiceError } from '@sluice/core'
import { findHashFault, findLinkFault, type Head } from './chain.ts'
import { getCut } from './compaction.ts'
import { freezeDeep } from './json-copy.ts'
import { pageSize } from './pages.ts'
import { isCommit } from './shape.ts'
import type { Commit, Store } from './store.ts'

/** What a store holds beyond a head. */
export type Next =
  /** Verified commits that follow the head, frozen; none where the head is the end. */
  | { readonly kind: 'commits'; readonly commits: readonly Commit[] }
  /** The head itself is not in this log: it was replaced, cut short or emptied. */
  | { readonly kind: 'other_log' }
  /** What follows the head was dropped up to `cut`: go on from the snapshot. */
  | { readonly kind: 'compacted'; readonly cut: Head }

/**
 * Reads and verifies the commits that follow `head`.
 *
 * Each request begins at the head's own commit, so that a log which was restored from a backup or
 * emptied is told apart from one with nothing new.
 *
 * @throws SluiceError `broken_chain` where a commit does not follow the one before; whatever the
 * store throws.
 */
export async function readNext(store: Pick<Store, 'read'>, head: Head): Promise<Next> {
  try {
    return await readPage(store, head, pageSize)
  } catch (error) {
    if (!isDamage(error)) throw error
    // The good ones before the damaged one still count.
    return readPage(store, head, 1)
  }
}

/** Whether an error says that what the store holds is damaged, as against not to be had now. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code
  return code === 'corrupt_commit' || code === 'missing_commit'
}

async function readPage(store: Pick<Store, 'read'>, head: Head, limit: number): Promise<Next> {
  try {
    if (head.revision === 0) return verify(await store.read(0, limit), head)
    const page = await store.read(head.revision - 1, limit + 1)
    const [anchor, ...rest] = page
    if (anchor === undefined) return { kind: 'other_log' }
    if (!isCommit(anchor) || findHashFault(anchor) !== undefined) {
      throw broken(head.revision, 'the commit there was changed after it was written')
    }
    if (anchor.revision !== head.revision || anchor.hash !== head.hash) return { kind: 'other_log' }
    return verify(rest, head)
  } catch (error) {
    const cut = getCut(error)
    if (cut === undefined) throw error
    return cut.revision === head.revision
      ? readAfterCut(store, head, cut, limit)
      : compacted(head, cut)
  }
}

/** The head is the last dropped commit: its own commit is gone, but everything after it is there. */
async function readAfterCut(
  store: Pick<Store, 'read'>,
  head: Head,
  cut: Head,
  limit: number,
): Promise<Next> {
  if (cut.hash !== head.hash) return { kind: 'other_log' }
  try {
    return verify(await store.read(head.revision, limit), head)
  } catch (error) {
    const later = getCut(error)
    if (later === undefined) throw error
    return compacted(head, later)
  }
}

function compacted(head: Head, cut: Head): Next {
  // A store that calls something compacted which is not below its cut contradicts itself.
  if (cut.revision < head.revision) {
    throw broken(head.revision, `the store says it was compacted, yet its cut is ${cut.revision}`)
  }
  return { kind: 'compacted', cut }
}

function verify(page: readonly Commit[], after: Head): Next {
  let head = after
  const commits: Commit[] = []
  for (const commit of page) {
    const fault = isCommit(commit) ? findLinkFault(commit, head) : 'it is not a commit'
    if (fault !== undefined) {
      // The good ones before it are served first; the next request meets the bad one again.
      if (commits.length > 0) break
      throw broken(head.revision + 1, fault)
    }
    commits.push(freezeDeep(commit))
    head = commit
  }
  return { kind: 'commits', commits }
}

function broken(revision: number, fault: string): SluiceError {
  return new SluiceError(
    'broken_chain',
    `The log does not verify at revision ${revision}: ${fault}. The state before it stays in service; ` +
      'restore the commit from a backup.',
    { expected: `an unbroken chain up to revision ${revision}`, found: fault },
  )
}
