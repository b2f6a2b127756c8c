import { SluiceError } from '@sluice/core'
import type { Commit } from '../store.ts'
import type { Ask, PostgresResult } from './client.ts'
import { sqlStateOf } from './errors.ts'
import type { Names } from './names.ts'

/**
 * Puts a commit behind the head, in one statement.
 *
 * Two that want the same position: the primary key lets the second wait for the first and then fail. No
 * gap can arise: a head that a statement sees is committed, stands before this commit in the server's
 * own log, and is never dropped (see `moveCut`). The driver sends a statement once, so a conflict is
 * never the echo of our own success.
 *
 * @throws SluiceError `conflict`.
 */
export async function appendCommit(ask: Ask, names: Names, commit: Commit): Promise<void> {
  const values = [commit.revision, JSON.stringify(commit), names.channel]
  let result: PostgresResult
  try {
    result = await ask(`append revision ${commit.revision}`, appendTo(names), values)
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    if (lostRaces.has(sqlStateOf(cause) ?? '')) throw conflict(commit, names, cause)
    throw error
  }
  if (result.rows.length === 0) throw conflict(commit, names)
}

/** Unique violation; serialization failure, where that is the isolation by default. */
const lostRaces: ReadonlySet<string> = new Set(['23505', '40001'])

/**
 * The wake-up is sent by the server when, and only if, the commit is durable. A database that
 * acknowledges before it is (synchronous_commit = off) waits this once; all other levels are left.
 */
function appendTo({ commits, cut }: Names): string {
  return `WITH put AS (
    INSERT INTO ${commits} (revision, body)
    SELECT $1::bigint, $2::text
    WHERE $1::bigint - 1 =
      coalesce((SELECT max(revision) FROM ${commits}), (SELECT revision FROM ${cut}), 0)
    RETURNING revision
  )
  SELECT pg_notify($3::text, revision::text),
    CASE current_setting('synchronous_commit')
      WHEN 'off' THEN set_config('synchronous_commit', 'on', true)
    END
  FROM put`
}

function conflict(commit: Commit, names: Names, cause?: unknown): SluiceError {
  return new SluiceError(
    'conflict',
    `Revision ${commit.revision} is not the next of ${names.table}: catch up and try again.`,
    cause === undefined ? {} : { cause },
  )
}
