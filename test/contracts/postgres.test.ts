import { createReplica, type Store, verifyLog } from '@sluice/stores'
import { storeContract } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'
import { chainOf, commitAfter } from './commits.ts'
import { useDatabase } from './postgres.fixture.ts'
import { until } from './until.ts'

describeWith(postgres, 'a PostgreSQL store', (service) => {
  const database = useDatabase(service)
  const { open, pool, sql, newTable } = database

  const contractPools = [{ name: 'postgres', options: '' }].concat(
    ['repeatable read', 'serializable'].map((level) => ({
      name: `postgres with ${level} as the default`,
      options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
    })),
  )
  for (const { name, options } of contractPools) {
    const tables = new Map<Store, string>()
    const keep = async (table: string) => {
      const store = await open({ table, pool: pool({ options }) })
      tables.set(store, table)
      return store
    }
    storeContract(
      name,
      { create: () => keep(newTable()), reopen: (store) => keep(tables.get(store)!) },
      { describe, it },
    )
  }

  it('takes 400 commits of 4 clients that write at once, without a gap or a double', async () => {
    const table = newTable()
    const replicas = await Promise.all(
      Array.from({ length: 4 }, async () => createReplica({ store: await open({ table }) })),
    )
    const written = await Promise.all(
      replicas.map(async (replica, client) => {
        const revisions: number[] = []
        for (let turn = 0; turn < 100; turn += 1) {
          const changes = [{ key: `flag/${client}`, value: turn }]
          const draft = { actor: 'ann', action: 'set_flag', reason: 'a race', changes }
          revisions.push((await replica.commit(draft)).revision)
        }
        return revisions
      }),
    )
    const all = written.flat().sort((one, other) => one - other)
    expect(all).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
    const store = await open({ table })
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 400 } })
    await Promise.all(replicas.map((replica) => replica.close()))
  })

  describe('a commit that is damaged or gone', () => {
    it.each([
      ['not JSON', `UPDATE % SET body = '{"revision":2' WHERE revision = 2`],
      ['JSON of another shape', `UPDATE % SET body = '{"revision":2}' WHERE revision = 2`],
      [
        'another commit',
        `UPDATE % SET body = (SELECT body FROM % WHERE revision = 1) WHERE revision = 2`,
      ],
    ])('is reported with its revision: %s', async (_, damage) => {
      const table = newTable()
      const store = await open({ table })
      for (const commit of chainOf(3)) await store.append(commit)
      await sql(damage.replaceAll('%', table))
      await expect(store.read(0)).rejects.toMatchObject({
        code: 'corrupt_commit',
        message: expect.stringContaining('Revision 2'),
      })
      expect(await store.read(0, 1)).toHaveLength(1)
      expect(await store.read(2)).toHaveLength(1)
    })

    it('is reported as missing, in the middle and at the beginning', async () => {
      const table = newTable()
      const store = await open({ table })
      for (const commit of chainOf(4)) await store.append(commit)
      for (const revision of [3, 1]) {
        await sql(`DELETE FROM ${table} WHERE revision = ${revision}`)
        await expect(store.read(0)).rejects.toMatchObject({
          code: 'missing_commit',
          message: expect.stringContaining(`Revision ${revision} `),
        })
      }
    })
  })

  it('reads a long log in pages, also where a page ends with the log', async () => {
    const table = newTable()
    const store = await open({ table })
    const commits = chainOf(600)
    await sql(
      `INSERT INTO ${table} SELECT (body::json->>'revision')::bigint, body FROM unnest($1::text[]) body`,
      [commits.map((commit) => JSON.stringify(commit))],
    )
    for (const [after, limit] of [[0], [88], [0, 300], [599], [600], [344, 256]] as const) {
      const expected = commits.slice(after, limit && after + limit).map((commit) => commit.hash)
      expect((await store.read(after, limit)).map((commit) => commit.hash)).toEqual(expected)
    }
  })

  it('does not show an append before it is committed, nor one that was rolled back', async () => {
    const table = newTable()
    const store = await open({ table })
    const [first, second] = chainOf(2)
    await store.append(first!)
    const client = await pool().connect()
    await client.query('BEGIN')
    await client.query(`INSERT INTO ${table} VALUES (2, $1)`, [JSON.stringify(second)])
    expect(await store.read(0)).toEqual([first])
    const waiting = store.append(second!)
    await until(async () => (await locksOn(table)) > 0 || hasSettled(waiting))
    await client.query('ROLLBACK')
    client.release()
    await waiting
    expect(await store.read(0)).toEqual([first, second])
  })

  it('does not let an append that was overtaken land below a cut', async () => {
    const table = newTable()
    const [slow, fast] = [await open({ table }), await open({ table })]
    const commits = chainOf(4)
    await fast.append(commits[0]!)
    // Holds the slow one between its look at the head and its write.
    await sql(`CREATE FUNCTION hold_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.body LIKE '%overtaken%' THEN PERFORM pg_advisory_xact_lock(4711); END IF;
      RETURN NEW; END $$`)
    await sql(`CREATE TRIGGER hold BEFORE INSERT ON ${table}
      FOR EACH ROW EXECUTE FUNCTION hold_${table}()`)
    await sql('SELECT pg_advisory_lock(4711)')
    const overtaken = slow.append(commitAfter(commits[0]!, 'overtaken'))
    const outcome = overtaken.then(
      () => 'written',
      (error) => error.code,
    )
    await until(async () => (await sql(waitingFor('advisory'))).length > 0)
    const replica = createReplica({ store: fast })
    for (const commit of commits.slice(1)) await fast.append(commit)
    await replica.snapshot()
    const compacting = fast.compact({ keepAfter: 3 })
    await until(
      async () => (await sql(waitingFor('relation'))).length > 0 || hasSettled(compacting),
    )
    await sql('SELECT pg_advisory_unlock(4711)')
    expect(await outcome).toBe('conflict')
    expect(await compacting).toMatchObject({ dropped: 3 })
    expect(await sql(`SELECT revision FROM ${table}`)).toEqual([{ revision: '4' }])
    await replica.close()
  })

  it('does not let a log begin after a commit while another begins it at one', async () => {
    const table = newTable()
    const store = await open({ table })
    const client = await pool().connect()
    await client.query('BEGIN')
    await client.query(`INSERT INTO ${table} VALUES (1, $1)`, [JSON.stringify(chainOf(1)[0])])
    const beginning = store.startAfter({ revision: 40, hash: 'a'.repeat(64) })
    const outcome = beginning.then(
      () => 'begun',
      (error) => error.code,
    )
    await until(async () => (await sql(waitingFor('relation'))).length > 0 || hasSettled(beginning))
    await client.query('COMMIT')
    client.release()
    expect(await outcome).toBe('log_not_empty')
    expect(await store.read(0)).toHaveLength(1)
  })

  it('sweeps what is over from the exchange, by and by', async () => {
    const table = newTable()
    const store = await open({ table })
    await sql(`INSERT INTO ${table}_exchange VALUES ('old', '1', now() - interval '1 second')`)
    expect(await store.exchange!.collect('')).toEqual([])
    await store.exchange!.publish('new', 2, 60_000)
    expect(await sql(`SELECT key FROM ${table}_exchange`)).toEqual([{ key: 'new' }])
  })

  const waitingFor = (kind: string) =>
    `SELECT FROM pg_locks WHERE NOT granted AND locktype = '${kind}'`

  /** How many wait for a transaction to end, having touched the table. */
  async function locksOn(table: string): Promise<number> {
    const rows = await sql(
      `SELECT FROM pg_locks AS waits JOIN pg_locks AS holds USING (pid)
       WHERE NOT waits.granted AND holds.relation = $1::regclass`,
      [table],
    )
    return rows.length
  }
})

async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) !== pending
}
