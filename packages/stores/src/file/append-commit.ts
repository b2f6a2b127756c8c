import { unlink } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { createFile } from '../atomic-file.ts'
import type { Commit } from '../store.ts'
import type { Durability } from './durability.ts'
import { toFileError, toLinkError } from './errors.ts'
import { commitPath } from './names.ts'
import type { Positions } from './positions.ts'

/**
 * Makes a commit durable at its position, or refuses.
 *
 * The file is complete on disk before it gets its name, and `link` gives a name once only: that is
 * what makes it safe over processes. The name is then made durable.
 *
 * @throws SluiceError `conflict`; `missing_commit` where the position is a gap in the log;
 * `store_full`, `store_read_only`, `store_missing`, `store_unsupported`: nothing was written.
 * `append_unknown` where the name was given and could not be made durable.
 */
export async function appendCommit(
  directory: string,
  positions: Positions,
  commit: Commit,
  durability: Durability,
): Promise<void> {
  const { revision } = commit
  await assertNext(positions, revision)
  await durability.settleBefore(revision)
  const path = commitPath(directory, revision)
  const text = `${JSON.stringify(commit, null, 2)}\n`
  const doing = `write revision ${revision}`
  const isOurs = await createFile(path, text).catch((cause: { syscall?: string }) => {
    throw (cause.syscall === 'link' ? toLinkError : toFileError)(cause, directory, doing)
  })
  if (!isOurs) {
    positions.note(revision)
    throw conflict(revision, revision + 1)
  }
  try {
    await durability.sync(revision)
  } catch (cause) {
    throw unknown(`revision ${revision} was written and may not survive a power cut`, cause)
  }
  // A writer that slept through a whole compaction finds the position free, but too late. Readers
  // ask for the cut after they read and so never serve such a file.
  if ((await findCutRevision(positions, revision)) >= revision) {
    await unlink(path).catch(() => {})
    throw unknown(`the log was compacted past revision ${revision} while it was written`)
  }
  positions.note(revision)
}

/** @throws SluiceError `conflict`, `missing_commit`. */
async function assertNext(positions: Positions, revision: number): Promise<void> {
  let head = await positions.findHead()
  const cut = await positions.findCut()
  const isThere = head === 0 || head === cut.revision || (await positions.has(head))
  if (!isThere || cut.revision > head) {
    // The directory was exchanged, or compacted beyond what is known.
    await positions.relist()
    head = await positions.findHead()
  }
  if (revision !== head + 1) throw conflict(revision, head + 1)
  if (!(await positions.has(revision + 1))) return
  if (await positions.has(revision)) throw conflict(revision, revision + 2)
  throw new SluiceError(
    'missing_commit',
    `Revision ${revision} is a gap in the log, which goes on after it: restore its file from a ` +
      'backup. Nothing was written.',
  )
}

async function findCutRevision(positions: Positions, revision: number): Promise<number> {
  try {
    return (await positions.findCut()).revision
  } catch (cause) {
    // Not the cause itself: its code may say that nothing was written.
    throw unknown(`revision ${revision} was written and the cut cannot be read`, cause)
  }
}

function conflict(revision: number, next: number): SluiceError {
  return new SluiceError(
    'conflict',
    `The log takes revision ${next} next, not ${revision}: catch up and try again.`,
  )
}

function unknown(what: string, cause?: unknown): SluiceError {
  return new SluiceError('append_unknown', `The outcome is open: ${what}.`, { cause })
}
