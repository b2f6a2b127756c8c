import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { resolve } from 'node:path'
import { isSluiceError, SluiceError } from '@sluice/core'
import type { DefinitionSource } from './definition-source.ts'
import { parseDefinitionText } from './definition-text.ts'

/** How a definitions file is followed. */
export interface FileSourceOptions {
  /** How often the file is looked at, in milliseconds. Default 500. */
  readonly pollMs?: number
}

/**
 * A JSON or YAML definitions file, followed while it is edited.
 *
 * It is looked at by its modification time and size, which also sees editors that save through a
 * rename, network drives and mounted ConfigMaps, where file system events do not come.
 */
export function fileSource(path: string, options: FileSourceOptions = {}): DefinitionSource {
  const { pollMs = 500 } = options
  const origin = resolve(path)
  const read = () => parseDefinitionText(readText(origin), origin)
  return {
    origin,
    start(listener) {
      listener.accept(read())
      const look = () => {
        try {
          listener.accept(read())
        } catch (cause) {
          listener.report(isSluiceError(cause) ? cause : unreadable(origin, cause))
        }
      }
      watchFile(origin, { interval: pollMs, persistent: false }, look)
      return () => unwatchFile(origin, look)
    },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): SluiceError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('definitions_unreadable', `${path} cannot be read: ${text}`, { cause })
}
