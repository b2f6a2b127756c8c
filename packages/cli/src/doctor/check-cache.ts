import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { checkSnapshot, type Head, type Snapshot } from '@sluice/stores'
import { formatDuration } from '../time.ts'
import type { Finding } from './finding.ts'

/** A client writes its cache within seconds of a change: one that is behind for longer is written by nobody. */
const mostDelayMs = 60_000

/** Where a cache is looked for, and what it is held to. */
export interface CacheCheck {
  /** As the configuration names it. */
  readonly cache: string
  /** What it is relative to. */
  readonly folder: string
  /** Where the log stands; undefined where it could not be read. */
  readonly head: Head | undefined
  /** When the log's last commit was written, epoch milliseconds. */
  readonly headAt: number | undefined
  readonly now: number
}

/** The state that the application's clients keep on this machine, for a start without the store. */
export async function checkCache(check: CacheCheck): Promise<Finding> {
  const { cache, folder, head, headAt, now } = check
  const name = 'cache'
  const path = resolve(folder, cache)
  let snapshot: Snapshot
  try {
    snapshot = checkSnapshot(JSON.parse(await readFile(path, 'utf8')), path)
  } catch (error) {
    return unreadable(path, error)
  }
  const { revision, hash, at } = snapshot
  const found = `revision ${revision}, ${formatDuration(now - at)} old`
  if (head === undefined) return { name, status: 'ok', found }
  if (revision > head.revision || (revision === head.revision && hash !== head.hash)) {
    const remedy = `Delete ${path} if the log is the right one; its clients write another.`
    return { name, status: 'warn', found: `${found}, of another log than the store's`, remedy }
  }
  const isBehind = revision < head.revision && headAt !== undefined && now - headAt > mostDelayMs
  if (!isBehind) return { name, status: 'ok', found }
  const remedy =
    'No client writes it any more: does the application run here, and do its flags name this cache?'
  return { name, status: 'warn', found: `${found}; the log stands at ${head.revision}`, remedy }
}

function unreadable(path: string, error: unknown): Finding {
  const name = 'cache'
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    const remedy =
      'The first client that names it in openFlags({ cache }) writes it, into a folder that exists.'
    return { name, status: 'warn', found: `there is none at ${path}`, remedy }
  }
  const remedy =
    'A start without the store passes it over. Delete it: the next change writes it anew.'
  return { name, status: 'warn', found: `${path} cannot be read`, remedy }
}
