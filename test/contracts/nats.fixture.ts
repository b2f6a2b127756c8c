import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type JetStreamClient, jetstream, type StreamAPI } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { createNatsStore, type NatsStore } from '@sluice/stores/nats'
import { afterEach } from 'vitest'
import { startDataServer } from '../services/data-server.ts'
import { nats } from '../services/nats.ts'
import type { Service } from '../services/service.ts'

/** A store over a client of its own, and that client. */
export interface Opened {
  readonly store: NatsStore
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly streams: StreamAPI
}

/** Opens clients and stores on a private server; closed after each test. */
export interface Bus {
  newName(): string
  /** A store as another process would open it. Its streams are there already, or are not. */
  open(name: string, options?: ConnectionOptions & { timeoutMs?: number }): Promise<Opened>
  /** A store over new streams; over those of a new name by default. */
  create(name?: string): Promise<Opened>
}

export function useBus(service: () => Service): Bus {
  const opened: Opened[] = []

  afterEach(async () => {
    for (const { store, connection } of opened.splice(0)) {
      await store.close()
      await connection.close()
    }
  })

  async function open(name: string, { timeoutMs = 2_000, ...options } = {}): Promise<Opened> {
    const connection = await connect({
      servers: service().url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      ...options,
    })
    const client = jetstream(connection, { timeout: timeoutMs })
    const { streams } = await client.jetstreamManager(false)
    const store = createNatsStore({ connection, jetstream: client, name })
    opened.push({ store, connection, client, streams })
    return { store, connection, client, streams }
  }

  return {
    newName: () => randomUUID(),
    open,
    async create(name = randomUUID()) {
      const created = await open(name)
      await created.store.createStreams()
      return created
    },
  }
}

/** A server with more settings than the private one of the other tests, which can be changed. */
export async function startNatsWith(
  settings: string,
): Promise<Service & { change(settings: string): Promise<void> }> {
  let change = async (_more: string) => {}
  const server = await startDataServer({
    name: 'nats-settings',
    command: nats.binary as string,
    async prepare(directory, port) {
      const place = `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}" }`
      change = (more) => writeFile(join(directory, 'server.conf'), `${place}\n${more}\n`)
      await change(settings)
    },
    args: (directory) => ['-c', join(directory, 'server.conf')],
    url: (port) => `nats://127.0.0.1:${port}`,
  })
  return { ...server, change }
}
