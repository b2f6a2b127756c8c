import { access, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '@sluice/core'
import { createFolder, replaceFile, sweepFiles, temporarySuffix } from './atomic-file.ts'
import { isMissing, toFileError } from './file/errors.ts'
import { parseJson } from './parse-json.ts'
import { isCommit, isExpiredCommit } from './shape.ts'
import type { Commit } from './store.ts'

/** What is left of a commit whose time is over: enough to link those around it. */
export interface ExpiredCommit extends Pick<Commit, 'revision' | 'at' | 'previousHash' | 'hash'> {
  /** The retention class it was dropped by. */
  readonly expired: string
}

/** A line of an archive. */
export type ArchivedCommit = Commit | ExpiredCommit

/** A file of an archive, and the revisions that it holds. */
export interface ArchiveFile {
  readonly path: string
  readonly first: number
  readonly last: number
}

/** Whether only the link of an archived commit is left. */
export function isExpired(line: ArchivedCommit): line is ExpiredCommit {
  return 'expired' in line
}

/**
 * Writes commits to a folder before they are dropped: one a line, oldest first, in a file named for
 * the revisions it holds.
 *
 * @throws SluiceError `store_full`, `store_read_only`, `store_failed`.
 */
export async function writeArchive(
  folder: string,
  commits: AsyncIterable<Commit>,
  after: number,
  last: number,
): Promise<void> {
  try {
    await createFolder(folder)
    await sweepFolder(folder)
    await replaceFile(join(folder, `commits-${after + 1}-${last}.jsonl`), toLines(commits))
  } catch (cause) {
    throw toFileError(cause, folder, 'archive commits')
  }
}

/** Deletes what compactions that were stopped left unfinished. */
async function sweepFolder(folder: string): Promise<void> {
  const unfinished = (await readdir(folder)).filter(
    (name) => name.startsWith('.commits-') && name.endsWith(temporarySuffix),
  )
  await sweepFiles(
    unfinished.map((name) => join(folder, name)),
    Date.now(),
  )
}

/** One line of JSON for each value. */
export async function* toLines(
  values: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`
}

/** The files of an archive, by the revisions they begin and end with. */
export async function listArchive(folder: string): Promise<ArchiveFile[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw toFileError(cause, folder, 'list the archive')
  })
  return names
    .flatMap((name) => {
      const [, first, last] = /^commits-(\d+)-(\d+)\.jsonl$/.exec(name) ?? []
      if (first === undefined) return []
      return [{ path: join(folder, name), first: Number(first), last: Number(last) }]
    })
    .sort((one, other) => one.first - other.first || one.last - other.last)
}

/**
 * Reads an archive, oldest first. Where files overlap, as after a compaction that was cut off, each
 * revision is read once.
 *
 * @throws SluiceError `corrupt_archive` with the file and the line.
 */
export async function* readArchive(folder: string): AsyncGenerator<ArchivedCommit> {
  let reached = 0
  for (const file of await listArchive(folder)) {
    if (file.last <= reached) continue
    for await (const line of readArchiveFile(file)) {
      if (line.revision <= reached) continue
      yield line
      reached = line.revision
    }
  }
}

/** Reads one file of an archive, which holds what its name says; nothing where it has gone meanwhile. */
export async function* readArchiveFile({
  path,
  first,
  last,
}: ArchiveFile): AsyncGenerator<ArchivedCommit> {
  let next = first
  const corrupt = () =>
    new SluiceError(
      'corrupt_archive',
      `Line ${next - first + 1} of ${path} is not revision ${next}: restore the file from a backup.`,
    )
  try {
    await access(path)
  } catch (cause) {
    // Retention deletes files of which nothing is left; a gap is found by whoever follows the chain.
    if (isMissing(cause)) return
    throw toFileError(cause, path, 'read')
  }
  for await (const text of readLines(path)) {
    const value = parseJson(text)
    if (!(isCommit(value) || isExpiredCommit(value)) || value.revision !== next) throw corrupt()
    yield value
    next += 1
  }
  if (next !== last + 1) throw corrupt()
}

/** The lines of a text file, without their ends. @throws SluiceError where it cannot be read. */
export async function* readLines(path: string): AsyncGenerator<string> {
  try {
    const file = await open(path)
    // Closes the file when it ends, or when nobody reads on.
    yield* file.readLines()
  } catch (cause) {
    throw toFileError(cause, path, 'read')
  }
}
