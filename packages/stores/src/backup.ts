import { isDeepStrictEqual } from 'node:util'
import { SluiceError } from '@sluice/core'
import { readLines, toLines } from './archive.ts'
import { replaceFile, sweepBeside } from './atomic-file.ts'
import { findLinkFault, genesis, type Head } from './chain.ts'
import { type CompactableStore, createNotEmptyError } from './compaction.ts'
import { toFileError } from './file/errors.ts'
import { findCut, readPages } from './pages.ts'
import { parseJson } from './parse-json.ts'
import { isCommit, isHead } from './shape.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Snapshot, Store } from './store.ts'

/** What the first line of a backup says. */
const format = 'sluice-backup@1'

/** What a backup holds. */
export interface Backup {
  /** The commit before its first: revision 0, or the last one that a compaction dropped. */
  readonly from: Head
  readonly head: Head
}

/**
 * Copies a log to one file while it is in use: a line of JSON for its beginning, its snapshot, each
 * commit, and its end. The file is there whole or not at all, and replaces the one before.
 *
 * @throws SluiceError Whatever the store throws; `broken_chain` where what it holds does not verify;
 * `store_full`, `store_read_only`, `store_failed` where the file cannot be written.
 */
export async function backupLog(store: Store, path: string): Promise<Backup> {
  let backup: Backup = { from: genesis, head: genesis }
  async function* lines() {
    // The cut first: a snapshot that is read later is not older.
    const from = await findCut(store)
    const snapshot = await store.readSnapshot()
    yield { format, from, snapshot: snapshot ?? null }
    let head = from
    for await (const page of readPages(store, from.revision)) {
      for (const commit of page) {
        const fault = findFault(commit, head)
        if (fault !== undefined) throw broken(head.revision + 1, fault)
        head = { revision: commit.revision, hash: commit.hash }
        yield commit
      }
    }
    backup = { from, head }
    yield { end: head }
  }
  try {
    await sweepBeside(path, Date.now())
    await replaceFile(path, toLines(lines()))
  } catch (cause) {
    throw toFileError(cause, path, 'write the backup')
  }
  return backup
}

/**
 * Verifies a backup without restoring it.
 *
 * @throws SluiceError `corrupt_backup` with the reason; `store_missing` where there is no such file.
 */
export async function verifyBackup(path: string): Promise<Backup> {
  let backup: Backup | undefined
  for await (const line of readBackup(path)) if ('head' in line) backup = line
  return backup as Backup
}

/**
 * Writes a backup's commits to an empty store, after all of it has been verified.
 *
 * One that was interrupted goes on where it ended, if it is made again.
 *
 * @throws SluiceError `corrupt_backup`; `log_not_empty` where the store holds another log, or more of
 * this one; whatever the store throws.
 */
export async function restoreLog(path: string, store: CompactableStore): Promise<Backup> {
  const backup = await verifyBackup(path)
  const there = await readHead(store)
  const { from } = backup
  const isOther =
    there.revision > backup.head.revision ||
    (there.revision > 0 && there.revision < from.revision) ||
    (there.revision === from.revision && there.hash !== from.hash)
  if (isOther && there.revision > 0) throw createNotEmptyError()
  if (there.revision === 0 && from.revision > 0) await store.startAfter(from)
  let snapshot: Snapshot | undefined
  for await (const line of readBackup(path)) {
    if ('snapshot' in line) snapshot = line.snapshot
    if (!('changes' in line)) continue
    if (line.revision > there.revision) await store.append(line)
    else if (line.revision === there.revision && line.hash !== there.hash)
      throw createNotEmptyError()
  }
  if (snapshot !== undefined) await store.writeSnapshot(snapshot)
  return backup
}

/** A line of a backup: its beginning, a commit, or its end. */
type BackupLine = { readonly snapshot: Snapshot | undefined } | Commit | Backup

async function* readBackup(path: string): AsyncGenerator<BackupLine> {
  let from: Head | undefined
  let head = genesis
  let snapshot: Snapshot | undefined
  let isEnded = false
  for await (const text of readLines(path)) {
    const line = parse(text, path)
    if (isEnded) throw corrupt(path, 'it goes on after its end')
    if (from === undefined) {
      if (line.format !== format) throw corrupt(path, `it does not begin with ${format}`)
      from = toHead(line.from, path)
      head = from
      snapshot = line.snapshot === null ? undefined : checkSnapshot(line.snapshot, path)
      if (from.revision > (snapshot?.revision ?? 0)) {
        throw corrupt(path, 'no snapshot in it stands for what was compacted')
      }
      assertFits(snapshot, head, path)
      yield { snapshot }
    } else if ('end' in line) {
      const end = toHead(line.end, path)
      if (end.revision !== head.revision || end.hash !== head.hash) {
        throw corrupt(path, `it ends at revision ${head.revision} and says ${end.revision}`)
      }
      isEnded = true
    } else {
      const fault = findFault(line, head)
      if (fault !== undefined) throw corrupt(path, `at revision ${head.revision + 1} ${fault}`)
      const commit = line as unknown as Commit
      head = { revision: commit.revision, hash: commit.hash }
      assertFits(snapshot, head, path)
      yield commit
    }
  }
  if (from === undefined || !isEnded) throw corrupt(path, 'its end is missing')
  yield { from, head }
}

function assertFits(snapshot: Snapshot | undefined, head: Head, path: string): void {
  if (snapshot?.revision === head.revision && snapshot.hash !== head.hash) {
    throw corrupt(path, `its snapshot is of another log than revision ${head.revision}`)
  }
}

function findFault(value: unknown, head: Head): string | undefined {
  return isCommit(value) ? findLinkFault(value, head) : 'there is something that is no commit'
}

/** The last commit of a store, wherever its log begins. */
async function readHead(store: Store): Promise<Head> {
  let head = await findCut(store)
  for await (const page of readPages(store, head.revision)) head = page.at(-1) as Commit
  return { revision: head.revision, hash: head.hash }
}

function toHead(value: unknown, path: string): Head {
  if (isHead(value) || isDeepStrictEqual(value, genesis)) return value as Head
  throw corrupt(path, 'one of its heads is damaged')
}

function parse(text: string, path: string): { readonly [name: string]: unknown } {
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null) return value as { [name: string]: unknown }
  throw corrupt(path, 'one of its lines is no JSON object')
}

function broken(revision: number, fault: string): SluiceError {
  return new SluiceError(
    'broken_chain',
    `The log does not verify at revision ${revision}: ${fault}. No backup was written.`,
  )
}

function corrupt(source: string, because: string): SluiceError {
  return new SluiceError(
    'corrupt_backup',
    `The backup ${source} is damaged: ${because}. Nothing was restored; take an older one.`,
  )
}
