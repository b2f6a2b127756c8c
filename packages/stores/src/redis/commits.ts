import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createCompactedError } from '../compaction.ts'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'

/** Commits per request. */
const pageSize = 200

/** Bytes after which a page ends: Redis builds an answer in memory, and serves nobody meanwhile. */
const pageBytes = 4_000_000

/** Runs the script that reads, with its arguments after, limit and bytes. */
export type ReadPage = (args: string[]) => Promise<unknown>

/**
 * Reads commits page by page.
 *
 * @throws SluiceError `compacted`, `corrupt_commit`, `missing_commit`, and what `readPage` throws.
 */
export async function readCommits(
  readPage: ReadPage,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const commits: Commit[] = []
  while (commits.length < limit) {
    const at = after + commits.length
    const count = Math.min(pageSize, limit - commits.length)
    const answer = (await readPage([`${at}`, `${count}`, `${pageBytes}`])) as unknown[]
    const [cutRevision, cutHash, goesOn, isAll, ...entries] = answer
    const cut = toHead(cutRevision, cutHash)
    if (cut !== undefined && at < cut.revision) {
      // Dropped while it was read: what came before is good, and the next call is told.
      if (commits.length > 0) break
      throw createCompactedError(cut)
    }
    // A compaction never drops the newest commit, so one stands above its cut.
    if (entries.length === 0 && cut?.revision === at && goesOn !== null) throw missing(at + 1)
    for (let index = 0; index < entries.length; index += 2) {
      commits.push(decode(after + commits.length + 1, `${entries[index]}`, `${entries[index + 1]}`))
    }
    if (Number(isAll) === 1) break
  }
  return commits
}

/** A head from two fields of a hash; nothing where they are not there. */
export function toHead(revision: unknown, hash: unknown): Head | undefined {
  return revision === null ? undefined : { revision: Number(revision), hash: `${hash}` }
}

function decode(revision: number, id: string, text: string): Commit {
  if (id !== `${revision}-0`) throw missing(revision)
  let commit: unknown
  try {
    commit = JSON.parse(text)
  } catch (cause) {
    throw corrupt(revision, 'it is not JSON', cause)
  }
  if (!isCommit(commit)) throw corrupt(revision, 'it is not a commit')
  if (commit.revision !== revision) throw corrupt(revision, `it holds revision ${commit.revision}`)
  return commit
}

/** The error for a position that is empty though the log goes on, or went on, after it. */
export function missing(revision: number): SluiceError {
  return new SluiceError(
    'missing_commit',
    `Revision ${revision} is missing from the log in Redis: it was deleted or evicted. Restore the ` +
      'log from a backup, and set maxmemory-policy to noeviction.',
  )
}

function corrupt(revision: number, found: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'corrupt_commit',
    `Revision ${revision} in Redis is damaged: ${found}. Restore the log from a backup.`,
    { expected: `commit ${revision}`, found, cause },
  )
}
