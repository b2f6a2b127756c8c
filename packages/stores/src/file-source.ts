import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isSluiceError, SluiceError } from '@sluice/core'
import type { DefinitionsDocument } from '@sluice/core/schema'
import { type Clock, systemClock } from './clock.ts'
import type { DefinitionSource } from './definition-source.ts'
import { assertSize, parseDefinitionText } from './definition-text.ts'

/** How a definitions file is followed. */
export interface FileSourceOptions {
  /** How often the file is looked at, in milliseconds. Default 500. */
  readonly pollMs?: number
  /** Default: {@link systemClock}. */
  readonly clock?: Clock
}

/** A file that has not changed for so long is taken to be written to its end. */
const settleMs = 100

/**
 * A JSON or YAML definitions file, followed while it is edited.
 *
 * It is looked at by its time, size and inode, which also sees editors that save through a rename,
 * network drives and mounted ConfigMaps, where file system events do not come. A change is read when
 * two looks in a row find the same, so that half a file is not taken for a whole one: the first lines
 * of a YAML file are a document too.
 *
 * A file that is missing, damaged or refused is reported once per change, and the document before it
 * stays in service.
 */
export function fileSource(path: string, options: FileSourceOptions = {}): DefinitionSource {
  const { pollMs = 500, clock = systemClock } = options
  const origin = resolve(path)
  return {
    origin,
    start(listener) {
      // Before it is read: a change that comes in between is then found by the next look.
      const first = statNow(origin)
      assertReadable(first, origin)
      listener.accept(parse(readFileSync(origin), origin))
      let taken = markOf(first)
      let found = taken
      let isStopped = false
      let cancelTimer = clock.after(pollMs, look)

      function look(): void {
        // Never rejects: every failure in it is reported.
        void follow().then(() => {
          if (isStopped) return
          cancelTimer = clock.after(found === taken ? pollMs : Math.min(settleMs, pollMs), look)
        })
      }

      async function follow(): Promise<void> {
        const stats = await statLater(origin)
        const before = found
        found = markOf(stats)
        if (found === taken || found !== before) return
        taken = found
        try {
          assertReadable(stats, origin)
          const bytes = await readFile(origin)
          if (!isStopped) listener.accept(parse(bytes, origin))
        } catch (cause) {
          if (!isStopped) listener.report(isSluiceError(cause) ? cause : unreadable(origin, cause))
        }
      }

      return () => {
        isStopped = true
        cancelTimer()
      }
    },
  }
}

/** What the file system says of a file, or the error it gives instead. */
type Found = BigIntStats | Error

function statNow(path: string): Found {
  try {
    return statSync(path, { bigint: true })
  } catch (error) {
    return error as Error
  }
}

function statLater(path: string): Promise<Found> {
  return stat(path, { bigint: true }).catch((error: Error) => error)
}

/** Differs wherever the content may differ. */
function markOf(found: Found): string {
  if (found instanceof Error) return `${(found as NodeJS.ErrnoException).code}`
  const { dev, ino, size, mtimeNs, ctimeNs } = found
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Refuses what must not be read: nothing, a pipe that would wait for ever, a disk full of zeros. */
function assertReadable(found: Found, path: string): void {
  if (found instanceof Error) throw unreadable(path, found)
  if (!found.isFile()) throw unreadable(path, new Error('it is not a file'))
  assertSize(Number(found.size), path)
}

function parse(bytes: Uint8Array, path: string): DefinitionsDocument {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  return parseDefinitionText(text, path)
}

function unreadable(path: string, cause: unknown): SluiceError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError(
    'definitions_unreadable',
    `The definitions file ${path} cannot be read: ${text}. Check that it is there, may be read and ` +
      'holds UTF-8 text.',
    { cause },
  )
}
