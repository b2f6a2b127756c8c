import {
  createPostgresStore,
  type PostgresPool,
  type PostgresStore,
  type PostgresStoreOptions,
} from '@sluice/stores/postgres'
import { Pool, type PoolConfig } from 'pg'
import { afterAll, afterEach } from 'vitest'
import type { Service } from '../services/service.ts'

/** Pools and stores on a private server, closed after each test. */
export interface Database {
  /** A pool of its own, as another process has it. Its loss of connections goes unheard. */
  pool(config?: PoolConfig): Pool
  /** A table that no other test uses. */
  newTable(): string
  /** A store over a table with its schema; over a new one by default. */
  open(options?: Partial<PostgresStoreOptions>): Promise<PostgresStore>
  /** Runs a statement as the superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

export function useDatabase(service: () => Service): Database {
  const pools: Pool[] = []
  const stores: PostgresStore[] = []
  let tables = 0
  let admin: Pool | undefined

  const pool = (config: PoolConfig = {}) => {
    const created = new Pool({ connectionString: service().url, ...config })
    pools.push(created)
    return created
  }

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await Promise.all(pools.splice(0).map((each) => each.end()))
  })
  afterAll(async () => {
    await admin?.end()
  })

  const newTable = () => {
    tables += 1
    return `log_${tables}`
  }

  return {
    pool,
    newTable,
    async open(options = {}) {
      const handedIn: PostgresPool = options.pool ?? pool()
      const store = createPostgresStore({ table: newTable(), ...options, pool: handedIn })
      stores.push(store)
      await store.createSchema()
      return store
    },
    async sql(text, values) {
      if (admin === undefined) {
        admin = new Pool({ connectionString: service().url, max: 1 })
        admin.on('error', () => {})
      }
      return (await admin.query(text, values)).rows
    },
  }
}
