import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createReplica, genesis, refusalCodes, verifyLog } from '@sluice/stores'
import { createPostgresStore, type PostgresPool } from '@sluice/stores/postgres'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'
import { chainOf, commitAfter, until, useDatabase } from './postgres.fixture.ts'

describeWith(postgres, 'a PostgreSQL server that fails', (service) => {
  const { open, pool, sql, newTable } = useDatabase(service)

  /** Ends the server and, as a crash of the machine would, each of its processes. */
  async function crash(): Promise<void> {
    const rows = await sql('SELECT pid FROM pg_stat_activity')
    await service().kill()
    for (const { pid } of rows) {
      try {
        process.kill(pid as number, 'SIGKILL')
      } catch {
        // It has gone with its parent.
      }
    }
  }

  /** The memory that dead processes shared is free a moment after they are. */
  function restart(): Promise<void> {
    return until(() =>
      service()
        .restart()
        .then(
          () => true,
          () => false,
        ),
    )
  }

  describe.each(['on', 'off'])('with synchronous_commit = %s', (level) => {
    it('loses no acknowledged commit when it is killed in the middle of appends', async () => {
      const table = newTable()
      // What is not waited for stays in memory for long, so that a loss would show.
      await sql(`ALTER SYSTEM SET wal_writer_delay = '10s'`)
      await sql(`SELECT pg_reload_conf()`)
      const options = `-c synchronous_commit=${level}`
      const acknowledged = new Map<number, string>()
      for (let round = 0; round < 3; round += 1) {
        const replicas = await Promise.all(
          Array.from({ length: 4 }, async () =>
            createReplica({ store: await open({ table, pool: pool({ options }) }) }),
          ),
        )
        const enough = acknowledged.size + 40
        let isDown = false
        const writing = replicas.map(async (replica, writer) => {
          for (let count = 0; !isDown; count += 1) {
            const changes = [{ key: `writer/${writer}`, value: count }]
            const draft = { actor: 'ann', action: 'count', reason: 'to be killed', changes }
            try {
              const { revision, hash } = await replica.commit(draft)
              expect(acknowledged.has(revision), 'one position, two writers').toBe(false)
              acknowledged.set(revision, hash)
            } catch (error) {
              expect(isDown, String(error)).toBe(true)
            }
          }
        })
        await until(() => acknowledged.size >= enough)
        const crashing = crash()
        isDown = true
        await crashing
        await Promise.all(writing)
        await restart()
        const store = await open({ table })
        expect(await verifyLog(store)).toMatchObject({ ok: true, from: { revision: 0 } })
        const commits = await store.read(0)
        for (const [revision, hash] of acknowledged) expect(commits[revision - 1]?.hash).toBe(hash)
        await Promise.all(replicas.map((replica) => replica.close()))
      }
    })
  })

  it('is unreachable meanwhile, and the same store goes on afterwards', async () => {
    const [commit, next] = chainOf(2)
    // The application has no listener for the errors of its pool.
    const store = await open()
    await store.append(commit!)
    await crash()
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_unreachable' })
    await expect(store.append(next!)).rejects.toMatchObject({ code: 'store_unreachable' })
    await restart()
    expect(await store.read(0)).toEqual([commit])
    await store.append(next!)
    expect(await store.read(0)).toEqual([commit, next])
  })

  it('wakes again after its connection was cut, and tells what was missed', async () => {
    const table = newTable()
    const [store, other] = [await open({ table, random: () => 0 }), await open({ table })]
    const [first, second, third] = chainOf(3)
    let wakes = 0
    const wakesAfter = async (act: () => Promise<unknown>) => {
      const before = wakes
      await act()
      await until(() => wakes > before)
    }
    const stop = await store.watch!(() => {
      wakes += 1
    })
    await wakesAfter(() => other.append(first!))
    await wakesAfter(() =>
      sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`),
    )
    await wakesAfter(() => other.append(second!))
    await wakesAfter(async () => {
      await crash()
      await restart()
    })
    await wakesAfter(() =>
      until(() =>
        other.append(third!).then(
          () => true,
          () => false,
        ),
      ),
    )
    stop()
    expect(await sql(listening)).toEqual([])
  })

  it('leaves no listening connection when the last watcher stops, or the store closes', async () => {
    const watched = pool()
    const store = await open({ pool: watched })
    const stops = [await store.watch!(() => {}), await store.watch!(() => {})]
    expect(await sql(listening)).toHaveLength(1)
    stops[0]!()
    stops[0]!()
    expect(await sql(listening)).toHaveLength(1)
    stops[1]!()
    await until(async () => (await sql(listening)).length === 0)
    await store.watch!(() => {})
    expect(await sql(listening)).toHaveLength(1)
    await store.close()
    await until(async () => (await sql(listening)).length === 0)
    expect(watched.totalCount).toBe(watched.idleCount)
  })

  it('is not watched through a pool of one connection, which would then answer nothing', async () => {
    const store = await open({ pool: pool({ max: 1 }) })
    await expect(store.watch!(() => {})).rejects.toMatchObject({ code: 'store_unsupported' })
    expect(await store.read(0)).toEqual([])
  })

  it('gives back a connection whose statement takes too long', async () => {
    const table = newTable()
    const [commit] = chainOf(1)
    const store = await open({ table, timeoutMs: 300, pool: pool({ max: 1 }) })
    const client = await pool().connect()
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    await expect(store.append(commit!)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('append revision 1'),
    })
    await client.query('COMMIT')
    client.release()
    // What was waiting may still be written: the outcome is open.
    expect([0, 1]).toContain((await store.read(0)).length)
  })

  it('is read only as a standby, in whose reads nobody may trust', async () => {
    const store = await open()
    const [first, second] = chainOf(2)
    await store.append(first!)
    const [{ data_directory: directory } = {}] = await sql('SHOW data_directory')
    await sql(`COPY (SELECT 1) TO '${directory}/standby.signal'`)
    await crash()
    await restart()
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_read_only' })
    await expect(store.append(second!)).rejects.toMatchObject({ code: 'store_read_only' })
    await sql('SELECT pg_promote()')
    expect(await store.read(0)).toEqual([first])
    await store.append(second!)
  })

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

  it.each([
    ['closed', 'stop(); await store.close()'],
    ['left open', ''],
  ])('does not keep alive a process whose store watches and is %s', async (_, end) => {
    const table = newTable()
    await open({ table })
    const printed = await runProgram(`
      import pg from 'pg'
      import { createPostgresStore } from '@sluice/stores/postgres'
      const pool = new pg.Pool({ connectionString: '${service().url}', idleTimeoutMillis: 1 })
      const store = createPostgresStore({ pool, table: '${table}' })
      const commits = await store.read(0)
      const stop = await store.watch(() => {})
      ${end}
      console.log(commits.length)
    `)
    expect(printed).toBe('0\n')
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

const listening = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`

function isRefusal(error: unknown): boolean {
  return (error as { code?: string }).code === 'store_unauthorized'
}

async function runProgram(code: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-postgres-program-'))
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: code,
        loader: 'ts',
        resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      conditions: ['@sluice/source'],
      external: ['pg-native'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
      },
    })
    const program = join(directory, 'program.mjs')
    await writeFile(program, outputFiles[0]?.text ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: directory })
    return stdout
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
