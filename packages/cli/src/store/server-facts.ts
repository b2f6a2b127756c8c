import type { PostgresPool } from '@sluice/stores/postgres'

/** What the server behind a store says of itself. */
export interface ServerFacts {
  readonly product: 'Redis' | 'PostgreSQL' | 'NATS' | 'HTTP'
  /** As it says it: `7.0.15`. */
  readonly version?: string
  /** Its clock, epoch milliseconds. */
  readonly at?: number
}

/** What is asked of a client of the package `redis`. */
export interface RedisAsker {
  sendCommand(words: string[]): Promise<unknown>
}

export async function askRedis(client: RedisAsker): Promise<ServerFacts> {
  const [seconds, micros] = (await client.sendCommand(['TIME'])) as [string, string]
  const at = Number(seconds) * 1_000 + Math.trunc(Number(micros) / 1_000)
  const info = String(await client.sendCommand(['INFO', 'server']))
  const version = /^redis_version:(\S+)/mu.exec(info)?.[1]
  return { product: 'Redis', at, ...(version === undefined ? {} : { version }) }
}

export async function askPostgres(pool: Pick<PostgresPool, 'query'>): Promise<ServerFacts> {
  const text =
    "select current_setting('server_version') as version, floor(extract(epoch from clock_timestamp()) * 1000)::float8 as at"
  const { rows } = await pool.query({ text })
  const { version, at } = rows[0] as { version: string; at: number }
  return { product: 'PostgreSQL', version, at: Number(at) }
}

/** A proxy may let through what the store asks, and nothing else. */
const patienceMs = 5_000

/** Any answer tells the server's clock, to the second; a refusal does too. */
export async function askHttp(url: URL): Promise<ServerFacts> {
  const signal = AbortSignal.timeout(patienceMs)
  const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal })
  const at = Date.parse(answer.headers.get('date') ?? '')
  // It was cut to the second: in the middle of it the error is least.
  return { product: 'HTTP', ...(Number.isNaN(at) ? {} : { at: at + 500 }) }
}
