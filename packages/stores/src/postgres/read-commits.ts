import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createCompactedError } from '../compaction.ts'
import { parseJson } from '../parse-json.ts'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'
import type { Ask } from './client.ts'
import type { Names } from './names.ts'

/** Commits per statement: one for each page of a replica (200 and its anchor), at 1 MB each at most. */
const pageSize = 256

/** A commit beside the cut as it was in the same snapshot of the database. */
interface Row {
  readonly isStandby: boolean
  readonly cut: string
  readonly hash: string
  /** Null where there is no commit to read. */
  readonly revision: string | null
  readonly body: string
}

/**
 * Reads the commits after a revision.
 *
 * @throws SluiceError `compacted`, `corrupt_commit`, `missing_commit`, `store_missing`, and
 * `store_read_only` of a standby.
 */
export async function readCommits(
  ask: Ask,
  names: Names,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const commits: Commit[] = []
  while (commits.length < limit) {
    const from = after + commits.length
    const wanted = Math.min(pageSize, limit - commits.length)
    const { rows } = await ask('read the log', readFrom(names), [from, wanted])
    const page = toCommits(rows as Row[], names, from)
    commits.push(...page)
    if (page.length < wanted) break
  }
  return commits
}

/** Reads the cut. */
export async function readCut(ask: Ask, names: Names): Promise<Head> {
  const { rows } = await ask('read the cut', readFrom(names), [Number.MAX_SAFE_INTEGER, 0])
  return cutOf(rows as Row[], names)
}

/** Numbers travel as text: an application may have taught the driver to make other things of bigint. */
function readFrom({ commits, cut }: Names): string {
  return `SELECT pg_is_in_recovery() AS "isStandby", cut.revision::text AS cut, cut.hash,
    log.revision::text AS revision, log.body
  FROM ${cut} AS cut LEFT JOIN LATERAL (
    SELECT revision, body FROM ${commits}
    WHERE revision > $1::bigint AND cut.revision <= $1::bigint
    ORDER BY revision LIMIT $2::bigint
  ) AS log ON true
  ORDER BY log.revision`
}

function toCommits(rows: readonly Row[], names: Names, after: number): Commit[] {
  const cut = cutOf(rows, names)
  if (after < cut.revision) throw createCompactedError(cut)
  return rows
    .filter((row) => row.revision !== null)
    .map((row, index) => toCommit(row, names, after + index + 1))
}

function cutOf([row]: readonly Row[], { table }: Names): Head {
  if (row === undefined) {
    throw new SluiceError(
      'store_missing',
      `The row of ${table}_cut is missing: run the SQL of createSchema(), or restore it from a backup.`,
    )
  }
  // What a standby shows may be behind what was acknowledged, and a shorter log looks like another one.
  if (row.isStandby) {
    throw new SluiceError(
      'store_read_only',
      `The server that holds ${table} is a standby, whose reads lag: connect to the primary.`,
    )
  }
  return { revision: Number(row.cut), hash: row.hash }
}

function toCommit(row: Row, { table }: Names, expected: number): Commit {
  const revision = Number(row.revision)
  if (revision !== expected) {
    throw new SluiceError(
      'missing_commit',
      `Revision ${expected} is missing from ${table}, which goes on to ${revision}: restore its row ` +
        'from a backup or an archive.',
      { expected: `revision ${expected}`, found: `revision ${revision}` },
    )
  }
  const commit = parseJson(row.body)
  if (isCommit(commit) && commit.revision === revision) return commit
  throw new SluiceError(
    'corrupt_commit',
    `Revision ${revision} in ${table} is damaged: its body is not that commit. Restore its row from ` +
      'a backup or an archive.',
  )
}
