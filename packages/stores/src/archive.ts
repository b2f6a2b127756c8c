import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from './atomic-file.ts'
import { toFileError } from './file/errors.ts'
import type { Commit } from './store.ts'

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
  async function* lines() {
    for await (const commit of commits) yield `${JSON.stringify(commit)}\n`
  }
  try {
    await mkdir(folder, { recursive: true })
    await replaceFile(join(folder, `commits-${after + 1}-${last}.jsonl`), lines())
  } catch (cause) {
    throw toFileError(cause, folder, 'archive commits')
  }
}
