import { connectMs, loadDriver } from './connect.ts'
import type { PgClient } from './drivers.ts'
import { askPostgres } from './server-facts.ts'
import { nameOf, parseAddress, takeSetting } from './store-address.ts'
import type { OpenStore, StorePlace } from './store-contract.ts'

export async function openPostgres({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parseAddress(where)
  const table = takeSetting(url, 'table')
  const name = nameOf(url)
  const { default: pg } = await loadDriver<PgClient>('pg', name, folder)
  const { createPostgresStore } = await import('@sluice/stores/postgres')
  const pool = new pg.Pool({
    connectionString: url.href,
    connectionTimeoutMillis: connectMs,
    max: 2,
  })
  const store = createPostgresStore({ pool, ...(table === undefined ? {} : { table }) })
  return {
    store,
    name,
    askServer: () => askPostgres(pool),
    async close() {
      await store.close()
      await pool.end()
    },
  }
}
