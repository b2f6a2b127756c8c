import { createReplica, verifyLog } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'
import { chainOf } from './commits.ts'
import { useDatabase } from './postgres.fixture.ts'
import { runProgram } from './run-program.ts'
import { until } from './until.ts'
import { writeUntilKilled } from './write-until-killed.ts'

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
        await writeUntilKilled(replicas, acknowledged, crash)
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
})

const listening = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`
