import { readFileSync } from 'node:fs'
import { genesis } from '@sluice/stores'
import { createPostgresStore, postgresSchema } from '@sluice/stores/postgres'
import { describe, expect, it } from 'vitest'
import { postgres } from '../services/postgres.ts'
import { describeWith } from '../services/service.ts'
import { chainOf, commitAfter } from './commits.ts'
import { useDatabase } from './postgres.fixture.ts'
import { runProgram } from './run-program.ts'
import { until } from './until.ts'

describeWith(postgres, 'the tables of a PostgreSQL store', (service) => {
  const { open, pool, sql, newTable } = useDatabase(service)

  describe('createSchema', () => {
    it('may be called by ten processes at the same moment, and again', async () => {
      for (let round = 0; round < 5; round += 1) {
        const table = `new_${round}.${newTable()}`
        const stores = Array.from({ length: 10 }, () =>
          createPostgresStore({ pool: pool({ max: 1 }), table }),
        )
        await Promise.all(stores.map((store) => store.createSchema()))
        await stores[0]!.append(commitAfter(genesis))
        await stores[1]!.createSchema()
        expect(await stores[2]!.read(0)).toHaveLength(1)
        await Promise.all(stores.map((store) => store.close()))
      }
    })

    it('is what a store without tables asks for', async () => {
      for (const table of [newTable(), 'no_such_schema.log']) {
        const store = createPostgresStore({ pool: pool(), table })
        const missing = {
          code: 'store_missing',
          message: expect.stringContaining('createSchema()'),
        }
        await expect(store.read(0)).rejects.toMatchObject(missing)
        await expect(store.append(commitAfter(genesis))).rejects.toMatchObject(missing)
        await expect(store.exchange!.collect('')).rejects.toMatchObject(missing)
        await store.close()
      }
    })
  })

  describe('the name of the table', () => {
    it('may have any characters, a schema, and 54 bytes', async () => {
      const names = [
        `Odd "name"; DROP TABLE x; -- 'größe' $1 %s \\ ${'😀'}`,
        'odd schema "s".Ta ble',
        'x'.repeat(54),
      ]
      for (const table of names) {
        const store = await open({ table })
        const other = await open({ table })
        let wakes = 0
        const stop = await other.watch!(() => {
          wakes += 1
        })
        const before = wakes
        const commit = commitAfter(genesis)
        await store.append(commit)
        await store.exchange!.publish('k', 1, 60_000)
        expect(await other.read(0)).toEqual([commit])
        expect(await other.exchange!.collect('')).toEqual([{ key: 'k', value: 1 }])
        await until(() => wakes > before)
        stop()
      }
    })

    it('is refused where the server would cut it off or it means nothing', () => {
      for (const table of ['', '.', 'a.', '.a', 'a.b.c', 'x'.repeat(55), 'ä'.repeat(28), 'a\0b']) {
        expect(() => createPostgresStore({ pool: pool(), table }), table).toThrowError(
          expect.objectContaining({ code: 'invalid_option' }),
        )
      }
    })

    it('parts two logs in one database, their wake-ups and their exchanges', async () => {
      const shared = pool()
      const [one, other] = [await open({ pool: shared }), await open({ pool: shared })]
      const [first, second] = chainOf(2)
      await one.append(first!)
      await one.append(second!)
      await other.append(first!)
      await one.exchange!.publish('k', 1, 60_000)
      expect(await one.read(0)).toHaveLength(2)
      expect(await other.read(0)).toHaveLength(1)
      expect(await other.exchange!.collect('')).toEqual([])
      const heard = { one: 0, other: 0 }
      const count = (name: keyof typeof heard) => {
        heard[name] += 1
      }
      await one.watch!(() => count('one'))
      await other.watch!(() => count('other'))
      const before = { ...heard }
      await one.append(commitAfter(second!))
      await other.append(second!)
      await until(() => heard.one > before.one && heard.other > before.other)
      expect(heard).toEqual({ one: before.one + 1, other: before.other + 1 })
    })
  })

  describe('the page about it', () => {
    const page = readFileSync(new URL('../../docs/stores/postgres.md', import.meta.url), 'utf8')
    const blockOf = (language: string) =>
      page.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms'))?.[1] ?? ''

    it('shows a program that does what it says', async () => {
      const printed = await runProgram(blockOf('ts'), { DATABASE_URL: service().url })
      expect(printed).toBe('revision 1 is written\n')
    })

    it('shows the SQL of createSchema, which may run twice and is enough', async () => {
      expect(blockOf('sql')).toBe(postgresSchema())
      const table = newTable()
      for (let turn = 0; turn < 2; turn += 1) await sql(postgresSchema(table))
      const store = createPostgresStore({ pool: pool(), table })
      await store.append(commitAfter(genesis))
      expect(await store.read(0)).toHaveLength(1)
      await store.close()
    })
  })
})
