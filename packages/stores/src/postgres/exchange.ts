import type { Clock } from '../clock.ts'
import { checkExchange } from '../exchange.ts'
import { copyJson } from '../json-copy.ts'
import type { Exchange } from '../store.ts'
import type { Ask } from './client.ts'
import type { Names } from './names.ts'

/** How long a process leaves what is over to itself and others: it is not shown, only kept. */
const sweepMs = 10_000

/** An exchange in an unlogged table, which costs no disk write of its own and is empty after a crash. */
export function createPostgresExchange(ask: Ask, names: Names, clock: Clock): Exchange {
  const { exchange: table } = names
  let sweptAt = Number.NEGATIVE_INFINITY

  /** Apart from what is published, and past rows that others hold: so that no two wait for each other. */
  async function sweep(): Promise<void> {
    if (clock.now() - sweptAt < sweepMs) return
    sweptAt = clock.now()
    await ask(
      'sweep the exchange',
      `DELETE FROM ${table} WHERE key IN (
         SELECT key FROM ${table} WHERE until <= clock_timestamp() FOR UPDATE SKIP LOCKED
       )`,
    )
  }

  return {
    async publish(key, value, ttlMs) {
      checkExchange(key, ttlMs)
      if (value === null) {
        await ask('take a value away', `DELETE FROM ${table} WHERE key = $1::text`, [key])
        return
      }
      await ask(
        'publish a value',
        `INSERT INTO ${table} (key, value, until)
         VALUES ($1::text, $2::text, clock_timestamp() + $3::float8 * interval '1 millisecond')
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until`,
        [key, JSON.stringify(copyJson(value, '')), ttlMs],
      )
      await sweep()
    },

    async collect(prefix) {
      const { rows } = await ask(
        'collect values',
        `SELECT key, value FROM ${table}
         WHERE starts_with(key, $1::text) AND until > clock_timestamp() ORDER BY key`,
        [prefix],
      )
      return (rows as { key: string; value: string }[]).map(({ key, value }) => ({
        key,
        value: JSON.parse(value),
      }))
    },
  }
}
