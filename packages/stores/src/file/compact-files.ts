import { unlink } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { writeArchive } from '../archive.ts'
import { syncDirectory } from '../atomic-file.ts'
import type { Head } from '../chain.ts'
import { assertCompactable, type Compaction, createNotEmptyError } from '../compaction.ts'
import type { Commit } from '../store.ts'
import { readCommitFile } from './commit-file.ts'
import { createCutFile } from './cut-file.ts'
import { isMissing, toFileError } from './errors.ts'
import { commitPath, parseName } from './names.ts'
import { listNames, type Positions } from './positions.ts'
import { readSnapshotFiles } from './snapshot-files.ts'

/**
 * Drops commit files that a snapshot covers: verify, archive, write the cut, delete.
 *
 * The cut is durable before the first file goes, so that after a crash at any point a reader finds
 * either the commits or the word that they were dropped.
 */
export async function compactFiles(
  directory: string,
  positions: Positions,
  keepAfter: number,
  archive: string | undefined,
): Promise<Compaction> {
  for (;;) {
    await positions.relist()
    const cut = await positions.findCut()
    // The newest commit stays: an append checks that the head it follows is there.
    const last = Math.min(keepAfter, (await positions.findHead()) - 1)
    if (last <= cut.revision) return { cut, dropped: await deleteCommits(directory, cut.revision) }
    let next: Head | undefined
    try {
      next = await cutAt(directory, cut, positions.generation, last, archive)
    } catch (error) {
      if ((await positions.findCut()).revision <= cut.revision) throw error
    }
    if (next !== undefined) return { cut: next, dropped: await deleteCommits(directory, last) }
    // Another compaction came first; begin again from its cut.
  }
}

/**
 * Verifies, archives and writes the next cut.
 *
 * @returns the cut; nothing where another process wrote one meanwhile.
 */
async function cutAt(
  directory: string,
  from: Head,
  generation: number,
  last: number,
  archive: string | undefined,
): Promise<Head | undefined> {
  const snapshot = await readSnapshotFiles(directory)
  try {
    // Nothing that the cut rests on may be lost where the cut itself is not.
    await syncDirectory(directory)
  } catch (cause) {
    throw toFileError(cause, directory, 'make the log durable')
  }
  const covered = readUpTo(directory, from.revision, snapshot?.revision ?? 0)
  const cut = await assertCompactable(covered, from, last, snapshot)
  if (archive !== undefined) {
    const dropped = readUpTo(directory, from.revision, last)
    await writeArchive(archive, dropped, from.revision, last)
  }
  try {
    return (await createCutFile(directory, generation + 1, cut)) ? cut : undefined
  } catch (cause) {
    throw toFileError(cause, directory, `write the cut at revision ${last}`)
  }
}

/** Writes the first cut of an empty directory. */
export async function startFilesAfter(
  directory: string,
  positions: Positions,
  cut: Head,
): Promise<void> {
  await positions.relist()
  if ((await positions.findHead()) > 0) throw createNotEmptyError()
  let isFirst: boolean
  try {
    isFirst = await createCutFile(directory, 1, cut)
    await syncDirectory(directory)
  } catch (cause) {
    throw toFileError(cause, directory, `write the cut at revision ${cut.revision}`)
  }
  if (!isFirst) throw createNotEmptyError()
}

async function* readUpTo(directory: string, after: number, last: number): AsyncGenerator<Commit> {
  for (let revision = after + 1; revision <= last; revision += 1) {
    const commit = await readCommitFile(directory, revision)
    if (commit === undefined) {
      throw new SluiceError(
        'broken_chain',
        `Revision ${revision} is missing from the log. Nothing was compacted.`,
      )
    }
    yield commit
  }
}

/** @returns how many were deleted. */
async function deleteCommits(directory: string, last: number): Promise<number> {
  const covered = (await listNames(directory))
    .map(parseName)
    .flatMap((name) => (name.kind === 'commit' && name.number <= last ? [name.number] : []))
    .sort((one, other) => one - other)
  let dropped = 0
  try {
    // Nothing may go before the cut is durable, whichever process wrote it.
    if (covered.length > 0) await syncDirectory(directory)
    for (const revision of covered) {
      const isGone = await unlink(commitPath(directory, revision)).then(() => true, passMissing)
      if (isGone) dropped += 1
    }
    if (dropped > 0) await syncDirectory(directory)
  } catch (cause) {
    throw toFileError(cause, directory, 'delete compacted commits')
  }
  return dropped
}

function passMissing(cause: unknown): false {
  if (isMissing(cause)) return false
  throw cause
}
