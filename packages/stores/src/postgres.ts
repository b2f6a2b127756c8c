/**
 * The log in a table of PostgreSQL.
 *
 * @module
 */

import { SluiceError } from '@sluice/core'
import { type Clock, systemClock } from './clock.ts'
import { compactLog } from './compact-log.ts'
import type { CompactableStore } from './compaction.ts'
import { appendCommit } from './postgres/append-commit.ts'
import type { Ask, PostgresPool } from './postgres/client.ts'
import { toPostgresError } from './postgres/errors.ts'
import { createPostgresExchange } from './postgres/exchange.ts'
import { createListener } from './postgres/listener.ts'
import { dropCommits, startLogAfter } from './postgres/move-cut.ts'
import { nameTables } from './postgres/names.ts'
import { readCommits, readCut } from './postgres/read-commits.ts'
import { createSchema } from './postgres/schema.ts'
import { readSnapshotRow, writeSnapshotRow } from './postgres/snapshot-row.ts'
import { checkSnapshot } from './snapshot.ts'

export type {
  PostgresClient,
  PostgresPool,
  PostgresQuery,
  PostgresResult,
} from './postgres/client.ts'
export { postgresSchema } from './postgres/schema.ts'

/** Where a PostgreSQL store keeps its log. */
export interface PostgresStoreOptions {
  /**
   * A `Pool` of `pg`, of at least two connections: while somebody watches, one of them only listens. The
   * application ends it, after the store was closed.
   */
  readonly pool: PostgresPool
  /** `name` or `schema.name`; three more tables begin with it. Default: `sluice_log`. */
  readonly table?: string
  /** How long the server may take for a statement, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Tells when to listen anew and when to sweep. Default: {@link systemClock}. */
  readonly clock?: Clock
  /** Numbers in [0, 1), for pauses. Default: Math.random. */
  readonly random?: () => number
}

/** A store in a PostgreSQL database. */
export interface PostgresStore extends CompactableStore {
  /**
   * Creates the tables that are missing; any number of processes may call it at once, each time they
   * start. A schema named in `table` is created too.
   */
  createSchema(): Promise<void>
}

/**
 * Creates a store over tables of a PostgreSQL database. Nothing is asked before the first call.
 *
 * Every method throws SluiceError `store_unreachable`, `store_unauthorized`, `store_missing`, `store_full`,
 * `store_read_only`, `store_unsupported` or `store_failed`, with the remedy and the driver's error as
 * `cause`.
 *
 * While it is open it listens to the pool's `error` event: the loss of an idle connection, which the
 * pool replaces by itself, would end a process that does not.
 *
 * @throws SluiceError `invalid_option`.
 */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { pool, table = 'sluice_log', timeoutMs = 10_000 } = options
  const { clock = systemClock, random = Math.random } = options
  const names = nameTables(table)
  const listener = createListener({ pool, channel: names.channel, timeoutMs, clock, random })
  let isClosed = false

  const ignore = () => {}
  pool.on('error', ignore)

  const assertOpen = () => {
    if (isClosed) throw new SluiceError('store_closed', `The PostgreSQL store ${table} is closed.`)
  }

  const ask: Ask = async (doing, text, values) => {
    assertOpen()
    try {
      return await pool.query({ text, ...(values && { values }), query_timeout: timeoutMs })
    } catch (cause) {
      throw toPostgresError(cause, table, doing)
    }
  }

  const store: PostgresStore = {
    createSchema: () => createSchema(ask, names),

    read: (after, limit = Number.MAX_SAFE_INTEGER) => readCommits(ask, names, after, limit),

    append: (commit) => appendCommit(ask, names, commit),

    async watch(wake) {
      assertOpen()
      if (pool.options?.max === 1) {
        throw new SluiceError(
          'store_unsupported',
          'A pool of one connection cannot listen for commits and ask as well: give it two (max: 2). ' +
            'Until then commits are found by polling.',
        )
      }
      return listener.add(wake)
    },

    readSnapshot: () => readSnapshotRow(ask, names),

    async writeSnapshot(snapshot) {
      await writeSnapshotRow(ask, names, checkSnapshot(snapshot, 'the call'))
    },

    async compact(options) {
      return compactLog(
        {
          ...store,
          readCut: () => readCut(ask, names),
          drop: (cut) => dropCommits(ask, names, cut),
        },
        options,
      )
    },

    startAfter: (cut) => startLogAfter(ask, names, cut),

    exchange: createPostgresExchange(ask, names, clock),

    async close() {
      if (isClosed) return
      isClosed = true
      listener.close()
      pool.off('error', ignore)
    },
  }
  return store
}
