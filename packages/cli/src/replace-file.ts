import { constants, createWriteStream, statSync } from 'node:fs'
import { access, realpath, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'

/**
 * Writes a file beside its place, and puts it there once it is whole: where it fails halfway, what was there stays.
 *
 * @param write Writes everything and ends the stream. It may go to a device or a pipe, too, which takes it as it comes.
 */
export async function replaceFile<T>(
  path: string,
  write: (stream: Writable) => Promise<T>,
): Promise<T> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) return write(createWriteStream(path))
  // A link goes on naming the file that it names.
  const place = found === undefined ? path : await realpath(path)
  // To put another in its place takes no right to write it.
  if (found !== undefined) await access(path, constants.W_OK)
  const partial = `${place}.${process.pid}.partial`
  try {
    const result = await write(createWriteStream(partial, found && { mode: found.mode }))
    await rename(partial, place)
    return result
  } catch (error) {
    await rm(partial, { force: true })
    throw named(error, partial, path)
  }
}

/** An error of the file as somebody typed it. */
function named(thrown: unknown, partial: string, path: string): unknown {
  const { path: about, message } = thrown as NodeJS.ErrnoException
  if (!(thrown instanceof Error) || about !== partial) return thrown
  return Object.assign(thrown, { path, message: message.replace(partial, path) })
}
