import { readFile, unlink } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { replaceFile, syncDirectory } from '../atomic-file.ts'
import { checkSnapshot } from '../snapshot.ts'
import type { Snapshot } from '../store.ts'
import { isMissing, toFileError } from './errors.ts'
import { parseName, snapshotPath } from './names.ts'
import { listNames } from './positions.ts'

/** The newest, and one to fall back on should it be damaged. */
const keptSnapshots = 2

/**
 * Reads the newest valid snapshot; nothing where none was ever written.
 *
 * @throws SluiceError `corrupt_snapshot` where there are some and all are damaged.
 */
export async function readSnapshotFiles(directory: string): Promise<Snapshot | undefined> {
  for (;;) {
    let damage: unknown
    const revisions = await listSnapshots(directory)
    for (const revision of revisions) {
      try {
        const snapshot = await readSnapshotFile(directory, revision)
        if (snapshot !== undefined) return snapshot
      } catch (error) {
        damage ??= error
      }
    }
    if (damage !== undefined) throw damage
    if (revisions.length === 0) return undefined
    // Newer ones have taken the place of all that were listed.
  }
}

/** Writes a snapshot beside the older ones and drops those no longer needed. */
export async function writeSnapshotFile(directory: string, snapshot: Snapshot): Promise<void> {
  checkSnapshot(snapshot, 'the snapshot handed in')
  const doing = `write the snapshot of revision ${snapshot.revision}`
  try {
    const text = `${JSON.stringify(snapshot, null, 2)}\n`
    // Another process may have named commits and not synced them yet: no snapshot may outlive them.
    await syncDirectory(directory)
    await replaceFile(snapshotPath(directory, snapshot.revision), text)
    // Those with a higher number may be damaged, and do not count.
    const older = (await listSnapshots(directory)).filter((each) => each <= snapshot.revision)
    for (const revision of older.slice(keptSnapshots))
      await unlink(snapshotPath(directory, revision)).catch(() => {})
  } catch (cause) {
    throw toFileError(cause, directory, doing)
  }
}

async function readSnapshotFile(
  directory: string,
  revision: number,
): Promise<Snapshot | undefined> {
  const path = snapshotPath(directory, revision)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    // Another process may have dropped it since it was listed.
    if (isMissing(cause)) return undefined
    throw toFileError(cause, directory, `read the snapshot of revision ${revision}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SluiceError('corrupt_snapshot', `The snapshot in ${path} is not JSON.`, { cause })
  }
  const snapshot = checkSnapshot(value, path)
  if (snapshot.revision === revision) return snapshot
  throw new SluiceError(
    'corrupt_snapshot',
    `The file ${path} holds the snapshot of revision ${snapshot.revision}: give it back its name.`,
  )
}

async function listSnapshots(directory: string): Promise<number[]> {
  const revisions: number[] = []
  for (const name of await listNames(directory)) {
    const parsed = parseName(name)
    if (parsed.kind === 'snapshot') revisions.push(parsed.number)
  }
  return revisions.sort((one, other) => other - one)
}
