import { SluiceError } from '@sluice/core'
import { flagOfKey } from '../lifecycle/exposure-history.ts'
import { type AuditOutcome, type AuditRow, toAuditRow } from './audit-row.ts'
import { type CommitSource, readCommits } from './read-commits.ts'

/** One or several: one of them must fit. */
type OneOf<T> = T | readonly T[]

/** What is asked of the audit. All that is given must hold; nothing given: everything. */
export interface AuditQuery {
  /** Who did it, to the letter. */
  readonly who?: OneOf<string>
  /** An action (`roll_back`), a flag, a version, a key of the log, or keys by a prefix that ends in `/`. */
  readonly what?: OneOf<string>
  /** Epoch ms: `from` is inside, `to` is not. */
  readonly when?: { readonly from?: number; readonly to?: number }
  /** The environment. */
  readonly where?: OneOf<string>
  /** Part of the reason, upper and lower case alike, or the ticket to the letter. */
  readonly why?: OneOf<string>
  readonly outcome?: OneOf<AuditOutcome>
  /** The most rows; a whole number from 1. Default: all. */
  readonly limit?: number
  /** Only what comes after this revision: the last row's, for the next page. Default 0. */
  readonly after?: number
  /** The folder of what compactions and retention took out of the log. Default: the log alone. */
  readonly archive?: string
}

/**
 * Asks the log who did what, when, where, why, and what came of it (P34). Rows come oldest first, one at a time: with a
 * store as the source, only a page of commits is in memory.
 *
 * @param log A store, a replica (it reads its log into memory), or commits.
 * @throws SluiceError `invalid_query`, with the pointer; at once. While reading: `corrupt_archive`, whatever the store throws.
 */
export function queryAudit(log: CommitSource, query: AuditQuery = {}): AsyncGenerator<AuditRow> {
  checkQuery(query)
  return find(log, query)
}

async function* find(log: CommitSource, query: AuditQuery): AsyncGenerator<AuditRow> {
  const fits = toTest(query)
  let left = query.limit ?? Number.POSITIVE_INFINITY
  for await (const line of readCommits(log, query)) {
    const row = toAuditRow(line)
    if (!fits(row)) continue
    yield row
    left -= 1
    if (left <= 0) return
  }
}

function toTest(query: AuditQuery): (row: AuditRow) => boolean {
  const { when: { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = {} } = query
  const [who, what, where, why] = [query.who, query.what, query.where, query.why].map(toList)
  const outcome = toList(query.outcome)
  return (row) =>
    row.at >= from &&
    row.at < to &&
    (who?.includes(row.who) ?? true) &&
    (where?.includes(row.where ?? '') ?? true) &&
    (outcome?.includes(row.outcome) ?? true) &&
    (what?.some((each) => isAbout(row, each)) ?? true) &&
    (why?.some((each) => isBecause(row, each)) ?? true)
}

function isAbout({ what, version, changes }: AuditRow, asked: string): boolean {
  if (what === asked || version === asked) return true
  return changes.some(({ key }) =>
    asked.endsWith('/') ? key.startsWith(asked) : key === asked || flagOfKey(key) === asked,
  )
}

function isBecause({ why, ticket }: AuditRow, asked: string): boolean {
  return ticket === asked || why.toLowerCase().includes(asked.toLowerCase())
}

function toList<T>(asked: OneOf<T> | undefined): readonly T[] | undefined {
  if (asked === undefined) return undefined
  return Array.isArray(asked) ? asked : [asked as T]
}

const names = ['who', 'what', 'when', 'where', 'why', 'outcome', 'limit', 'after', 'archive']

/** A filter that is misspelt or of another type would answer with too much, or nothing, and nobody would notice. */
function checkQuery(query: AuditQuery): void {
  for (const [name, value] of Object.entries(query)) {
    if (!names.includes(name)) throw refuse(`/${name}`, names.join(', '), name)
    if (value === undefined) continue
    if (name === 'when') checkPeriod(value)
    else if (name === 'limit' || name === 'after') {
      const least = name === 'limit' ? 1 : 0
      if (Number.isInteger(value) && value >= least) continue
      throw refuse(`/${name}`, `a whole number from ${least}`, value)
    } else {
      const list: unknown[] = Array.isArray(value) ? value : [value]
      if (list.every((each) => typeof each === 'string' && each !== '')) continue
      throw refuse(`/${name}`, 'text that is not empty, or a list of such', value)
    }
  }
}

function checkPeriod(value: unknown): void {
  for (const [name, instant] of Object.entries(Object(value))) {
    if (name !== 'from' && name !== 'to') throw refuse(`/when/${name}`, 'from, to', name)
    if (instant === undefined || (typeof instant === 'number' && !Number.isNaN(instant))) continue
    throw refuse(`/when/${name}`, 'epoch milliseconds', instant)
  }
}

function refuse(pointer: string, expected: string, found: unknown): SluiceError {
  const shown = typeof found === 'string' ? JSON.stringify(found) : String(found)
  return new SluiceError(
    'invalid_query',
    `The audit cannot be asked so at ${pointer}: expected ${expected}, found ${shown}.`,
    { pointer, expected, found: shown },
  )
}
