import { randomUUID } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What the names of unfinished files end in; whoever reads a folder passes them over. */
export const temporarySuffix = '.tmp'

/**
 * Replaces a file as a whole: a reader sees the old content or the new, after a power cut too.
 *
 * @throws The file system's own error; no unfinished file stays behind.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text)
  try {
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}

/**
 * Writes a durable file beside `path` under a name of its own.
 *
 * @returns the file's path. It is the caller's to link or rename.
 */
export async function writeTemporary(path: string, text: string): Promise<string> {
  const name = `.${basename(path)}.${randomUUID()}${temporarySuffix}`
  const temporary = join(dirname(path), name)
  const handle = await open(temporary, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
    await handle.close()
  } catch (error) {
    await handle.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
  return temporary
}

/** Makes new and removed names in a folder durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a folder and keeps names durable by itself.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
