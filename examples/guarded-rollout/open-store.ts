import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileStore, type Store } from '@sluice/sdk'

/** A store of this run. */
export interface DemoStore {
  readonly store: Store
  /** Makes what the log needs on the server, where it needs anything. */
  create(): Promise<void>
  /** Removes all that the run left there. */
  remove(): Promise<void>
  close(): Promise<void>
}

/** Opens the log of a name in a service, or one in files that only this process knows. */
export async function openDemoStore(url: string | undefined, name: string): Promise<DemoStore> {
  if (url === undefined) return openFiles()
  switch (new URL(url).protocol) {
    case 'redis:':
    case 'rediss:':
      return openRedis(url, name)
    case 'postgres:':
    case 'postgresql:':
      return openPostgres(url, name)
    case 'nats:':
      return openNats(url, name)
    default:
      throw new Error(`--store takes redis://…, postgres://… or nats://…, not ${url}`)
  }
}

async function openFiles(): Promise<DemoStore> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-demo-'))
  const store = createFileStore({ directory })
  return {
    store,
    create: async () => {},
    remove: () => rm(directory, { recursive: true, force: true }),
    close: store.close,
  }
}

// The drivers are imported where they are used: a run without a service needs none.

async function openRedis(url: string, prefix: string): Promise<DemoStore> {
  const { createClient } = await import('redis')
  const { createRedisStore } = await import('@sluice/stores/redis')
  const client = createClient({ url, disableOfflineQueue: true })
  // What it is about, the flags tell: a client without a listener would end the process.
  client.on('error', () => {})
  await client.connect()
  const store = createRedisStore({ client, prefix })
  return {
    store,
    create: async () => {},
    async remove() {
      const keys = await client.keys(`{${prefix}}:*`)
      if (keys.length > 0) await client.del(keys)
    },
    async close() {
      await store.close()
      client.destroy()
    },
  }
}

async function openPostgres(connectionString: string, name: string): Promise<DemoStore> {
  const { Pool } = await import('pg')
  const { createPostgresStore } = await import('@sluice/stores/postgres')
  const table = name.replaceAll('-', '_')
  const pool = new Pool({ connectionString, max: 5 })
  const store = createPostgresStore({ pool, table })
  return {
    store,
    create: store.createSchema,
    async remove() {
      const tables = ['', '_cut', '_snapshot', '_exchange'].map((suffix) => table + suffix)
      await pool.query(`DROP TABLE IF EXISTS ${tables.join(', ')}`)
    },
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

async function openNats(servers: string, name: string): Promise<DemoStore> {
  const { connect } = await import('@nats-io/transport-node')
  const { jetstream } = await import('@nats-io/jetstream')
  const { createNatsStore } = await import('@sluice/stores/nats')
  const connection = await connect({ servers })
  const client = jetstream(connection)
  const store = createNatsStore({ connection, jetstream: client, name })
  return {
    store,
    create: () => store.createStreams(),
    async remove() {
      const { streams } = await client.jetstreamManager()
      for (const kind of ['log', 'state', 'exchange']) {
        await streams.delete(`sluice-${kind}-${name}`)
      }
    },
    async close() {
      await store.close()
      await connection.close()
    },
  }
}
