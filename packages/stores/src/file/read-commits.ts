import { SluiceError } from '@sluice/core'
import { createCompactedError } from '../compaction.ts'
import type { Commit } from '../store.ts'
import { readCommitFile } from './commit-file.ts'
import type { Positions } from './positions.ts'

/** Files read at a time: beyond the four threads of Node's pool more only costs memory. */
const readAhead = 16

/**
 * Reads the commits after a revision.
 *
 * @throws SluiceError `compacted`, `corrupt_commit`, `missing_commit`.
 */
export async function readCommits(
  directory: string,
  positions: Positions,
  after: number,
  limit: number,
): Promise<Commit[]> {
  for (;;) {
    const cut = await positions.findCut()
    if (after >= cut.revision) {
      const commits = await readRun(directory, await positions.knownHead(), after, limit)
      const last = after + commits.length
      positions.note(last)
      const isEnd = commits.length >= limit || (await isEndOfLog(positions, last))
      // Asked once more: a slow writer may have put a commit where a compaction had just dropped one.
      if (isEnd && (await positions.findCut()).revision <= after) return commits
    }
    // What was found contradicts what was known. Look again at everything, then decide.
    await positions.relist()
    const { revision, hash } = await positions.findCut()
    if (after < revision) throw createCompactedError({ revision, hash })
    await assertWhole(positions, after, limit)
  }
}

/** Reads until a file is missing, many at a time as far as the log is known to reach. */
async function readRun(
  directory: string,
  knownHead: number,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const commits: Commit[] = []
  while (commits.length < limit) {
    const next = after + commits.length + 1
    const known = Math.min(knownHead, after + limit) - next + 1
    const count = Math.max(1, Math.min(readAhead, known))
    const batch = await Promise.all(
      Array.from({ length: count }, (_, index) => readCommitFile(directory, next + index)),
    )
    for (const commit of batch) {
      if (commit === undefined) return commits
      commits.push(commit)
    }
  }
  return commits
}

/** Whether nothing is known of, or found, behind a revision whose successor is missing. */
async function isEndOfLog(positions: Positions, last: number): Promise<boolean> {
  if ((await positions.knownHead()) > last) return false
  return !(await positions.has(last + 2))
}

async function assertWhole(positions: Positions, after: number, limit: number): Promise<void> {
  const end = Math.min(await positions.knownHead(), after + limit)
  for (let revision = after + 1; revision <= end; revision += 1) {
    if (await positions.has(revision)) continue
    // It may have been compacted while we looked; the cut is always written before the files go.
    if ((await positions.findCut()).revision >= revision) return
    throw new SluiceError(
      'missing_commit',
      `Revision ${revision} is missing from the log, which goes on to ${end} and beyond: restore its ` +
        'file from a backup or an archive.',
      { expected: `revision ${revision}`, found: 'a gap' },
    )
  }
}
