import { rm } from 'node:fs/promises'
import { SluiceError } from '@sluice/core'
import {
  type ArchivedCommit,
  type ExpiredCommit,
  isExpired,
  listArchive,
  readArchiveFile,
  toLines,
} from './archive.ts'
import { createFolder, replaceFile } from './atomic-file.ts'
import type { CompactableStore, Compaction } from './compaction.ts'
import { toFileError } from './file/errors.ts'
import { readPagesLeft } from './pages.ts'
import type { Commit } from './store.ts'

/** How long a commit is kept: by where it applies, or by the trade the application is in. */
export type RetentionClass = 'standard' | 'production' | 'compliance'

/** Days that each class is kept. */
export type RetentionDays = { readonly [Class in RetentionClass]: number }

/** The deployment policy's periods (P35). */
export const defaultRetentionDays: RetentionDays = {
  standard: 90,
  production: 365,
  compliance: 1_095,
}

/** What is kept, for how long, and where. */
export interface RetentionOptions {
  readonly store: CompactableStore
  /** The folder of JSON lines that takes in what leaves the log. */
  readonly archive: string
  /** Default: {@link defaultRetentionDays}. */
  readonly days?: Partial<RetentionDays> | undefined
  /**
   * The class of a commit. Default: `production` for those of the environment of that name, else
   * `standard`. Compliance-sensitive trades answer `compliance`.
   */
  readonly classOf?: ((commit: Commit) => RetentionClass) | undefined
  /** Epoch milliseconds. Default: now. */
  readonly now?: number | undefined
}

/** What a run of retention did. */
export interface Retained extends Compaction {
  /** Commits in the archive whose content was dropped, by this run. */
  readonly expired: number
}

const dayMs = 86_400_000

/** The class of a commit where the application says nothing. */
export function defaultClassOf({ environment }: Commit): RetentionClass {
  return environment === 'production' ? 'production' : 'standard'
}

/**
 * Moves what is older than the shortest period from the log to the archive, and drops from the
 * archive what is older than its own.
 *
 * A log is one chain, from whose middle nothing can be taken. So the log keeps the shortest period of
 * everything, and the archive keeps each commit as long as its class asks; of a dropped one it keeps
 * the hashes, so that the chain verifies across it. What no snapshot covers yet stays in the log.
 *
 * May be run at any time, again after a crash, and by several processes.
 *
 * @throws SluiceError As {@link CompactableStore.compact}; `corrupt_archive`, `store_failed`.
 */
export async function applyRetention(options: RetentionOptions): Promise<Retained> {
  const { store, archive, classOf = defaultClassOf, now = Date.now() } = options
  const days = checkDays(options.days, now)
  const shortest = Math.min(...Object.values(days))
  const keepAfter = await lastBefore(store, now - shortest * dayMs)
  const snapshot = await store.readSnapshot()
  // Not before the store was read: the archive may lie in a folder of its own, which is not mounted.
  await createFolder(archive).catch((cause: unknown) => {
    throw toFileError(cause, archive, 'create the archive')
  })
  const compaction = await store.compact({
    keepAfter: Math.min(keepAfter, snapshot?.revision ?? 0),
    archive,
  })
  const isOver = (commit: Commit) => commit.at < now - days[classOf(commit)] * dayMs
  const expire = (line: ArchivedCommit): ArchivedCommit =>
    isExpired(line) || !isOver(line) ? line : expiredCommit(line, classOf(line))
  return { ...compaction, expired: await expireFiles(archive, expire) }
}

function checkDays(asked: Partial<RetentionDays> = {}, now: number): RetentionDays {
  const given = Object.entries(asked).filter(([, days]) => days !== undefined)
  const days = { ...defaultRetentionDays, ...Object.fromEntries(given) }
  const isSound = Object.values(days).every((each) => typeof each === 'number' && each >= 0)
  if (isSound && Number.isFinite(now)) return days
  throw new SluiceError(
    'invalid_retention',
    'Retention takes days of 0 or more for each class, and a time. Nothing was dropped.',
    { expected: 'numbers of 0 or more', found: JSON.stringify({ ...asked, now: String(now) }) },
  )
}

/** The last revision before the first commit that is not older than an instant. */
async function lastBefore(store: CompactableStore, instant: number): Promise<number> {
  let last = 0
  for await (const page of readPagesLeft(store, 0)) {
    const young = page.find((commit) => commit.at >= instant)
    if (young !== undefined) return young.revision - 1
    last = (page.at(-1) as Commit).revision
  }
  return last
}

async function expireFiles(
  archive: string,
  expire: (line: ArchivedCommit) => ArchivedCommit,
): Promise<number> {
  let expired = 0
  let isOldest = true
  try {
    for (const file of await listArchive(archive)) {
      const lines: ArchivedCommit[] = []
      let changed = 0
      for await (const line of readArchiveFile(file)) {
        const kept = expire(line)
        if (kept !== line) changed += 1
        lines.push(kept)
      }
      // Another run came first.
      if (lines.length === 0) continue
      // Nothing before it is left to be linked.
      if (isOldest && lines.every(isExpired)) await rm(file.path, { force: true })
      else {
        isOldest = false
        if (changed > 0) await replaceFile(file.path, toLines(lines))
      }
      expired += changed
    }
  } catch (cause) {
    throw toFileError(cause, archive, 'drop what is over')
  }
  return expired
}

function expiredCommit(commit: Commit, expired: RetentionClass): ExpiredCommit {
  const { revision, at, previousHash, hash } = commit
  return { revision, at, expired, previousHash, hash }
}
