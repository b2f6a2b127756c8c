import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** What the names of unfinished files end in; whoever reads a folder passes them over. */
export const temporarySuffix = '.tmp'

/** No writer takes this long between creating its file and naming it; a crashed one takes for ever. */
const leftoverAgeMs = 600_000

/**
 * Replaces a file as a whole: a reader sees the old content or the new, after a power cut too.
 *
 * @throws The file system's own error; no unfinished file stays behind.
 */
export async function replaceFile(
  path: string,
  text: string | AsyncIterable<string>,
): Promise<void> {
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
 * Creates a file as a whole, and only if there is none of that name, over all processes.
 *
 * @returns whether it was created. The new name is not yet durable: see {@link syncDirectory}.
 * @throws The file system's own error; the file was not created then.
 */
export async function createFile(path: string, text: string): Promise<boolean> {
  const temporary = await writeTemporary(path, text)
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    // A leftover does no harm and is swept when old.
    await unlink(temporary).catch(() => {})
  }
}

/**
 * Writes a durable file beside `path` under a name of its own.
 *
 * @returns the file's path. It is the caller's to link or rename.
 */
export async function writeTemporary(
  path: string,
  text: string | AsyncIterable<string>,
): Promise<string> {
  const name = `${prefixOf(path)}${randomUUID()}${temporarySuffix}`
  const temporary = join(dirname(path), name)
  const handle = await open(temporary, 'wx')
  try {
    await writeFile(handle, text)
    await handle.sync()
    await handle.close()
  } catch (error) {
    await handle.close().catch(() => {})
    await unlink(temporary).catch(() => {})
    throw error
  }
  return temporary
}

/** Deletes the unfinished files that stopped processes left beside a file. Never fails. */
export async function sweepBeside(path: string, now: number): Promise<void> {
  const folder = dirname(path)
  const names = await readdir(folder).catch((): string[] => [])
  const isOurs = (name: string) => name.startsWith(prefixOf(path)) && name.endsWith(temporarySuffix)
  await sweepFiles(
    names.filter(isOurs).map((name) => join(folder, name)),
    now,
  )
}

/** Deletes those unfinished files that nobody writes any more. Never fails: they do no harm. */
export async function sweepFiles(paths: readonly string[], now: number): Promise<void> {
  for (const path of paths) {
    try {
      const { mtimeMs } = await stat(path)
      if (now - mtimeMs > leftoverAgeMs) await unlink(path)
    } catch {
      // Its writer has just finished, or the folder is read-only.
    }
  }
}

/** Creates a folder, and those above it that are missing, so that they survive a power cut. */
export async function createFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true })
  let folder = resolve(path)
  const first = made === undefined ? folder : resolve(made)
  for (;;) {
    try {
      // Even where it was there: whoever made it may have been stopped before it was durable.
      await syncDirectory(dirname(folder))
    } catch (error) {
      // A folder that others made, in one that is not ours to read.
      if (made === undefined && (error as NodeJS.ErrnoException).code === 'EACCES') return
      throw error
    }
    if (folder === first) return
    folder = dirname(folder)
  }
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

function prefixOf(path: string): string {
  return `.${basename(path)}.`
}
