import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jetstream } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { CompactableStore, Store } from '@sluice/stores'
import { bearer, createHttpStore, createLogHandler, toNodeListener } from '@sluice/stores/http'
import { createNatsStore } from '@sluice/stores/nats'
import { createPostgresStore } from '@sluice/stores/postgres'
import { createRedisStore } from '@sluice/stores/redis'
import { Pool } from 'pg'
import { createClient } from 'redis'

/** A store over a client of its own, as an application would open it. */
export interface OpenStore {
  readonly store: CompactableStore
  /** Closes the store and the client. */
  close(): Promise<void>
}

/** What the HTTP servers of tests ask for. */
export const token = 'a-token-of-the-tests'

/**
 * Opens the log of a name on a server, with the settings that the stores' pages advise against
 * connections that die without a word.
 *
 * @param url Of the scheme redis, postgres, nats or http.
 * @param silenceMs How long a connection may be silent before its client holds it for lost.
 */
export async function openStore(url: string, name: string, silenceMs = 2_000): Promise<OpenStore> {
  const scheme = new URL(url).protocol
  if (scheme === 'redis:') return openRedis(url, name, silenceMs)
  if (scheme === 'postgres:') return openPostgres(url, name, silenceMs)
  if (scheme === 'nats:') return openNats(url, name, silenceMs)
  if (scheme === 'http:') return openHttp(url, silenceMs)
  throw new Error(`no store for ${url}`)
}

async function openRedis(url: string, prefix: string, silenceMs: number): Promise<OpenStore> {
  const client = createClient({
    url,
    pingInterval: silenceMs / 2,
    socket: { socketTimeout: silenceMs, reconnectStrategy: () => 50 + Math.random() * 50 },
    disableOfflineQueue: true,
  })
  client.on('error', () => {})
  await client.connect()
  const store = createRedisStore({ client, prefix })
  return {
    store,
    async close() {
      await store.close()
      client.destroy()
    },
  }
}

async function openPostgres(url: string, table: string, silenceMs: number): Promise<OpenStore> {
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: silenceMs,
    keepAlive: true,
  })
  const store = createPostgresStore({ pool, table, timeoutMs: silenceMs })
  await store.createSchema()
  return {
    store,
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

async function openNats(url: string, name: string, silenceMs: number): Promise<OpenStore> {
  const connection = await connect({
    servers: url,
    // A handshake that is cut is waited for, by default, for twenty seconds.
    timeout: silenceMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 50,
    pingInterval: silenceMs / 2,
    maxPingOut: 1,
  })
  const store = createNatsStore({
    connection,
    jetstream: jetstream(connection, { timeout: silenceMs }),
    name,
  })
  await store.createStreams()
  return {
    store,
    async close() {
      await store.close()
      await connection.close()
    },
  }
}

async function openHttp(url: string, silenceMs: number): Promise<OpenStore> {
  const store = createHttpStore({ url, token, timeoutMs: silenceMs })
  return { store, close: () => store.close() }
}

/** Serves a store over HTTP on a free port. */
export async function serveStore(
  store: Store,
): Promise<{ url: string; port: number; close(): Promise<void> }> {
  const handler = createLogHandler(store, { authorize: bearer({ maintain: token }) })
  const server = createServer(toNodeListener(handler))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      handler.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
