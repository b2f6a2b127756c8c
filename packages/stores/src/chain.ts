import { createHash } from 'node:crypto'
import { SluiceError } from '@sluice/core'
import canonicalize from 'canonicalize'
import { type CommitDraft, checkDraft } from './draft.ts'
import type { Commit } from './store.ts'

/** A position in the log and the hash of the commit there. */
export interface Head {
  /** 0 before the first commit. */
  readonly revision: number
  readonly hash: string
}

/** What the first commit names as the hash before it. */
export const genesisHash = '0'.repeat(64)

/** The head of an empty log. */
export const genesis: Head = Object.freeze({ revision: 0, hash: genesisHash })

/**
 * The largest commit, in bytes of canonical JSON: what NATS carries by default (1 MiB), the least of
 * the stores that are meant to hold it, with room left for an envelope.
 */
export const maxCommitBytes = 1_000_000

/**
 * Makes the draft the commit that follows `head`, frozen.
 *
 * @param at Epoch milliseconds; a fraction is cut off.
 * @param nonce Tells this commit from a twin; see {@link Commit.nonce}.
 * @throws SluiceError `invalid_commit`, or `commit_too_large` beyond {@link maxCommitBytes}.
 */
export function sealCommit(draft: CommitDraft, head: Head, at: number, nonce?: string): Commit {
  const instant = Math.trunc(at)
  if (!Number.isSafeInteger(instant) || instant < 0) {
    throw new SluiceError(
      'invalid_commit',
      `The time of a commit must be epoch milliseconds, not ${at}.`,
      { pointer: '/at', expected: 'epoch milliseconds', found: String(at) },
    )
  }
  const body = {
    revision: head.revision + 1,
    at: instant,
    ...checkDraft(draft),
    ...(nonce === undefined ? {} : { nonce }),
    previousHash: head.hash,
  }
  const text = canonicalize(body) as string
  const bytes = Buffer.byteLength(text)
  if (bytes > maxCommitBytes) {
    throw new SluiceError(
      'commit_too_large',
      `The commit holds ${bytes} bytes and may hold ${maxCommitBytes}: split it into several.`,
      { expected: `at most ${maxCommitBytes} bytes`, found: `${bytes} bytes` },
    )
  }
  return Object.freeze({ ...body, hash: sha256(text) })
}

/**
 * Says why `commit` cannot stand right after `head`, or nothing if it can.
 *
 * @param commit Of a commit's shape; see {@link isCommit}.
 */
export function findLinkFault(commit: Commit, head: Head): string | undefined {
  if (commit.revision !== head.revision + 1) {
    return `expected revision ${head.revision + 1}, found ${commit.revision}`
  }
  if (commit.previousHash !== head.hash) {
    return `it names ${short(commit.previousHash)} as the hash before it, which is ${short(head.hash)}`
  }
  return findHashFault(commit)
}

/** Says why the commit's hash does not fit its content, or nothing if it does. */
export function findHashFault(commit: Commit): string | undefined {
  const { hash, ...body } = commit
  const actual = hashCanonical(body)
  if (actual === hash) return undefined
  return `its content hashes to ${short(actual)} and it claims ${short(hash)}`
}

/** SHA-256 over canonical JSON (RFC 8785), lower-case hex. */
export function hashCanonical(value: object): string {
  return sha256(canonicalize(value) as string)
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function short(hash: string): string {
  return `${hash.slice(0, 12)}…`
}
