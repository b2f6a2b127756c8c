import { createReplica, genesis, refusalCodes } from '@sluice/stores'
import { createPostgresStore, type PostgresPool } from '@sluice/stores/postgres'
import { describe, expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'
import { chainOf, commitAfter } from './commits.ts'
import { useDatabase } from './postgres.fixture.ts'
import { until } from './until.ts'

describeWith(postgres, 'a PostgreSQL server that refuses', (service) => {
  const { open, pool, sql, newTable } = useDatabase(service)

  it('is read only where its transactions are, and nothing is written', async () => {
    const table = newTable()
    await open({ table })
    const options = '-c default_transaction_read_only=on'
    const store = await open({ table, pool: pool({ options }) })
    await expect(store.append(chainOf(1)[0]!)).rejects.toMatchObject({ code: 'store_read_only' })
    expect(await store.read(0)).toEqual([])
  })

  it('refuses a text that the encoding of its database does not have, and keeps the others', async () => {
    await sql(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'`)
    const store = await open({ pool: pool(optionsOf({ database: 'latin' })) })
    const commit = commitAfter(genesis, 'groß')
    await expect(store.append(commitAfter(genesis, '世界'))).rejects.toMatchObject({
      code: 'store_unsupported',
    })
    await store.append(commit)
    expect(await store.read(0)).toEqual([commit])
  })

  it('says whom it does not let in, and what the store may not do', async () => {
    const table = newTable()
    const owner = await open({ table })
    await sql(`CREATE ROLE guest LOGIN PASSWORD 'right'`)
    const [{ hba_file: file } = {}] = await sql('SHOW hba_file')
    await sql(`COPY (VALUES ('host all sluice all trust'), ('host all guest all scram-sha-256'))
      TO '${file}'`)
    await sql('SELECT pg_reload_conf()')
    const openAs = (more: object) =>
      createPostgresStore({ table, pool: pool(optionsOf({ user: 'guest', ...more })) })

    const refused = { code: 'store_unauthorized' }
    for (const more of [{ password: 'wrong' }, {}, { user: 'nobody', password: 'x' }]) {
      const store = openAs(more)
      await until(async () => isRefusal(await store.read(0).catch((error) => error)))
      await expect(store.read(0)).rejects.toMatchObject(refused)
      await store.close()
    }
    const guest = openAs({ password: 'right' })
    await expect(guest.read(0)).rejects.toMatchObject(refused)
    await sql(`GRANT SELECT, INSERT ON ${table} TO guest;
      GRANT SELECT ON ${table}_cut TO guest;
      GRANT SELECT, INSERT, UPDATE ON ${table}_snapshot TO guest;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${table}_exchange TO guest`)
    await guest.createSchema()
    const replica = createReplica({ store: guest })
    for (const value of [1, 2]) {
      const changes = [{ key: 'a', value }]
      await replica.commit({ actor: 'ann', action: 'set', reason: 'a test', changes })
    }
    await replica.snapshot()
    await guest.exchange!.publish('k', 1, 60_000)
    await guest.exchange!.publish('k', null, 1)
    ;(await guest.watch!(() => {}))()
    await expect(guest.compact({ keepAfter: 1 })).rejects.toMatchObject(refused)
    await sql(`GRANT DELETE ON ${table} TO guest; GRANT UPDATE ON ${table}_cut TO guest`)
    expect(await guest.compact({ keepAfter: 1 })).toMatchObject({ dropped: 1 })
    await replica.close()
    await owner.close()
    await guest.close()
  })

  it('says that there is no such database', async () => {
    const store = createPostgresStore({ pool: pool(optionsOf({ database: 'nowhere' })) })
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_missing' })
    await store.close()
  })

  function optionsOf(more: { user?: string; password?: string; database?: string }) {
    const url = new URL(service().url)
    if (more.user !== undefined) url.username = more.user
    if (more.password !== undefined) url.password = more.password
    if (more.database !== undefined) url.pathname = more.database
    return { connectionString: url.href }
  }
})

describe('a disk of a PostgreSQL server that is full', () => {
  it.each([
    ['ERROR', 'store_full', true],
    // Its own log could not be written: whether the commit was is known after its restart.
    ['PANIC', 'store_unreachable', false],
  ])('leaves nothing written for certain only where the server lives on: %s', async (...row) => {
    const [severity, code, isCertain] = row
    const failure = Object.assign(new Error('No space left on device'), { code: '53100', severity })
    const full: PostgresPool = {
      query: () => Promise.reject(failure),
      connect: () => Promise.reject(failure),
      on: () => {},
      off: () => {},
    }
    const store = createPostgresStore({ pool: full })
    const appending = store.append(commitAfter(genesis))
    await expect(appending).rejects.toMatchObject({ code, cause: failure })
    expect(refusalCodes.has(code)).toBe(isCertain)
    await store.close()
  })
})

function isRefusal(error: unknown): boolean {
  return (error as { code?: string }).code === 'store_unauthorized'
}
