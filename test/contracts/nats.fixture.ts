import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JetStreamClient, jetstream, type StreamAPI } from '@nats-io/jetstream'
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node'
import { type Commit, genesis, type Head, sealCommit } from '@sluice/stores'
import { createNatsStore, type NatsStore } from '@sluice/stores/nats'
import { afterEach } from 'vitest'
import { nats } from '../services/nats.ts'
import { freePort, serverProcess } from '../services/process.ts'
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
  const directory = await mkdtemp(join(tmpdir(), 'sluice-nats-'))
  const port = await freePort()
  const config = join(directory, 'server.conf')
  const change = (more: string) =>
    writeFile(
      config,
      `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${directory}" }\n${more}\n`,
    )
  await change(settings)
  const server = serverProcess({ command: nats.binary as string, args: ['-c', config], port })
  await server.start()
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    change,
    kill: server.kill,
    restart: server.start,
    async stop() {
      await server.kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The commit after a head, with something of its own in it. */
export function commitAfter(head: Head, value: string | number = 1): Commit {
  const changes = [{ key: 'flag/one', value }]
  return sealCommit({ actor: 'ann', action: 'set_flag', reason: 'a test', changes }, head, 1_000)
}

/** Commits that follow one another, from the first. */
export function chainOf(count: number): Commit[] {
  const commits: Commit[] = []
  while (commits.length < count) commits.push(commitAfter(commits.at(-1) ?? genesis))
  return commits
}

/** Waits for what must come true, however slow the machine; the test's own limit ends it. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
}
