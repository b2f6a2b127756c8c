import type { ExpiredCommit } from './archive.ts'
import type { Head } from './chain.ts'
import { maxDepth } from './json-copy.ts'
import type { Change, Commit, Snapshot, SnapshotEntry } from './store.ts'

/** Whether a value read from outside has a commit's shape. Says nothing about its hashes. */
export function isCommit(value: unknown): value is Commit {
  if (!isRecord(value)) return false
  return (
    isRevision(value.revision) &&
    typeof value.at === 'number' &&
    isText(value.actor) &&
    isText(value.action) &&
    isText(value.reason) &&
    (value.ticket === undefined || isText(value.ticket)) &&
    (value.environment === undefined || isText(value.environment)) &&
    (value.nonce === undefined || isText(value.nonce)) &&
    isHash(value.previousHash) &&
    isHash(value.hash) &&
    Array.isArray(value.changes) &&
    value.changes.every(isChange)
  )
}

/** Whether a value read from outside is what an archive keeps of a commit whose time is over. */
export function isExpiredCommit(value: unknown): value is ExpiredCommit {
  return (
    isRecord(value) &&
    isRevision(value.revision) &&
    typeof value.at === 'number' &&
    isText(value.expired) &&
    isHash(value.previousHash) &&
    isHash(value.hash)
  )
}

/** Whether a value read from outside has a snapshot's shape. Says nothing about its checksum. */
export function isSnapshot(value: unknown): value is Snapshot {
  return (
    isHead(value) &&
    isRecord(value) &&
    typeof value.at === 'number' &&
    isHash(value.checksum) &&
    Array.isArray(value.entries) &&
    value.entries.every(isEntry)
  )
}

/** Whether a value read from outside has a head's shape. */
export function isHead(value: unknown): value is Head {
  return isRecord(value) && isRevision(value.revision) && isHash(value.hash)
}

function isChange(value: unknown): value is Change {
  return isRecord(value) && isText(value.key) && isShallow(value.value, 0)
}

function isEntry(value: unknown): value is SnapshotEntry {
  return isChange(value) && isRecord(value) && isRevision(value.revision)
}

/** JSON parsed from outside is JSON already; only its depth could harm whoever walks it. */
function isShallow(value: unknown, depth: number): boolean {
  if (value === undefined || depth > maxDepth) return false
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every((inner) => isShallow(inner, depth + 1))
}

function isRevision(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isHash(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
