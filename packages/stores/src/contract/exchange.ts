import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange, Store } from '../store.ts'
import { codeOf, type DeclareTest, tryRejected } from './parts.ts'

/** What an exchange has to do; a store without one is not asked. */
export function exchangeContract(test: DeclareTest): void {
  const ifShared =
    (body: (one: Exchange, other: Exchange) => Promise<void>) =>
    async (store: Store, reopen: () => Promise<Store>) => {
      const other = (await reopen()).exchange
      if (store.exchange !== undefined && other !== undefined) await body(store.exchange, other)
    }

  test(
    'shares values by prefix, sorted, the newest of each key',
    ifShared(async (one, other) => {
      await one.publish('health/a/2', { n: 1 }, 60_000)
      await other.publish('health/a/1', [1, 'x', null], 60_000)
      await one.publish('health/b', true, 60_000)
      await other.publish('health/a/2', { n: 2 }, 60_000)
      const expected = [
        { key: 'health/a/1', value: [1, 'x', null] },
        { key: 'health/a/2', value: { n: 2 } },
      ]
      assert.deepEqual(await one.collect('health/a/'), expected)
      assert.deepEqual(await other.collect('health/a/'), expected)
      assert.deepEqual(await one.collect('none/'), [])
      assert.equal((await one.collect('')).length, 3)
    }),
  )

  test(
    'forgets a value whose time is over, and one that is taken away',
    ifShared(async (one, other) => {
      await one.publish('lease/short', 1, 500)
      await one.publish('lease/long', 2, 60_000)
      await one.publish('lease/gone', 3, 60_000)
      await other.publish('lease/gone', null, 60_000)
      await other.publish('lease/never', null, 60_000)
      await sleep(2_500)
      assert.deepEqual(await other.collect('lease/'), [{ key: 'lease/long', value: 2 }])
    }),
  )

  test(
    'takes the characters of a pattern for themselves',
    ifShared(async (one) => {
      await one.publish('a.b_c=d/e-F9', 1, 60_000)
      await one.publish('aXbXc=d/e-F9', 2, 60_000)
      assert.deepEqual(await one.collect('a.b_c'), [{ key: 'a.b_c=d/e-F9', value: 1 }])
    }),
  )

  test(
    'refuses a key or a time that is not allowed',
    ifShared(async (one) => {
      for (const [key, ttlMs] of [
        ['', 1_000],
        ['with space', 1_000],
        ['star*', 1_000],
        ['x'.repeat(201), 1_000],
        ['k', 0],
        ['k', Number.NaN],
        ['k', 1e12],
      ] as const) {
        assert.equal(codeOf(await tryRejected(one.publish(key, 1, ttlMs))), 'invalid_exchange', key)
      }
      assert.deepEqual(await one.collect(''), [])
    }),
  )
}
