import { readFile } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { findHashFault } from '../chain.ts'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'
import { isMissing, toFileError } from './errors.ts'
import { commitPath } from './names.ts'

/**
 * Reads one commit's file; nothing where there is none.
 *
 * @throws SluiceError `corrupt_commit`. A commit gets its name only once it is complete on disk, so a
 * bad file was never a crash: the disk or somebody's hand changed it later.
 */
export async function readCommitFile(
  directory: string,
  revision: number,
): Promise<Commit | undefined> {
  const path = commitPath(directory, revision)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw toFileError(cause, directory, `read revision ${revision}`)
  }
  let commit: unknown
  try {
    commit = JSON.parse(text)
  } catch (cause) {
    throw corrupt(path, revision, 'it is not JSON', cause)
  }
  if (!isCommit(commit)) throw corrupt(path, revision, 'it is not a commit')
  if (commit.revision !== revision) {
    throw corrupt(path, revision, `it holds revision ${commit.revision}`)
  }
  const fault = findHashFault(commit)
  if (fault !== undefined) throw corrupt(path, revision, fault)
  return commit
}

function corrupt(path: string, revision: number, found: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'corrupt_commit',
    `The file ${path} of revision ${revision} is damaged: ${found}. Restore this one file from a ` +
      'backup or an archive; the others are not affected.',
    { expected: `commit ${revision}`, found, cause },
  )
}
