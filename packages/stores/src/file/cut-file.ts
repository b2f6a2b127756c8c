import { readFile } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import { createFile } from '../atomic-file.ts'
import type { Head } from '../chain.ts'
import { isHead } from '../shape.ts'
import { isMissing, toFileError } from './errors.ts'
import { cutPath } from './names.ts'

/**
 * Reads the nth cut: the last commit that the nth compaction dropped. Nothing where there is none.
 *
 * @throws SluiceError `corrupt_cut`.
 */
export async function readCutFile(
  directory: string,
  generation: number,
): Promise<Head | undefined> {
  const path = cutPath(directory, generation)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw toFileError(cause, directory, `read cut ${generation}`)
  }
  try {
    const cut: unknown = JSON.parse(text)
    if (isHead(cut)) return cut
  } catch {
    // Told below, together with JSON of another shape.
  }
  throw new SluiceError(
    'corrupt_cut',
    `The file ${path} is damaged: expected { revision, hash }. Restore it from a backup.`,
  )
}

/**
 * Writes the nth cut. Its name is not yet durable.
 *
 * @returns false where another process wrote the nth.
 */
export async function createCutFile(
  directory: string,
  generation: number,
  cut: Head,
): Promise<boolean> {
  return createFile(cutPath(directory, generation), `${JSON.stringify(cut, null, 2)}\n`)
}
