import net from 'node:net'
import type { Store } from '@sluice/stores'
import {
  createRedisStore,
  type RedisClient,
  type RedisStore,
  type RedisSubscriber,
} from '@sluice/stores/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster, type createSentinel } from 'redis'
import { freePort } from '../services/process.ts'
import { redis, startRedisWith } from '../services/redis.ts'
import type { Service, ServiceKind } from '../services/service.ts'

/** A client that a test opened. */
export interface Opened {
  readonly client: RedisClient
  end(): void
}

/** A package and what it connects to. */
export interface ClientKind {
  readonly name: string
  readonly open: (url: string) => Promise<Opened>
}

const ignore = () => {}

/** Compiles only if what it is given is a client and a subscriber. */
type Taken<Client extends RedisClient & RedisSubscriber> = Client
export type TakenSentinel = Taken<ReturnType<typeof createSentinel>>

// That each of these is taken as a RedisClient is the proof of the structural types.
export const nodeRedis: ClientKind = {
  name: 'node-redis',
  async open(url) {
    const client = createClient({ url })
    client.on('error', ignore)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
}

export const ioredis: ClientKind = {
  name: 'ioredis',
  async open(url) {
    const client = new Redis(url)
    client.on('error', ignore)
    return { client, end: () => client.disconnect() }
  },
}

export const nodeRedisCluster: ClientKind = {
  name: 'node-redis cluster',
  async open(url) {
    const { username, password } = new URL(url)
    const client = createCluster({ rootNodes: [{ url }], defaults: { username, password } })
    client.on('error', ignore)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
}

export const ioredisCluster: ClientKind = {
  name: 'ioredis cluster',
  async open(url) {
    const { username, password } = new URL(url)
    const client = new Cluster([url], { redisOptions: { username, password } })
    client.on('error', ignore)
    return { client, end: () => client.disconnect() }
  },
}

/** A cluster of one node: it refuses keys of several slots in one script as any other. */
export const redisCluster: ServiceKind = {
  ...redis,
  async start(): Promise<Service> {
    // A cluster listens on a second port, by default 10,000 above, which may not exist.
    const bus = ['--cluster-port', `${await freePort()}`, '--cluster-announce-ip', '127.0.0.1']
    const mode = ['--cluster-enabled', 'yes', ...bus, '--appendonly', 'yes', '--save', '']
    const server = await startRedisWith(mode)
    const admin = new Redis(server.port)
    await admin.cluster('ADDSLOTSRANGE', 0, 16_383)
    while (!(await admin.cluster('INFO')).includes('cluster_state:ok')) {
      // It takes the slots a moment later.
    }
    admin.disconnect()
    return server
  },
}

/** Opens stores over logs of their own, and closes all of it at the end. */
export interface RedisBench {
  /** A store with a client of its own; over a new log unless a prefix is named. */
  open(prefix?: string, url?: string): Promise<RedisStore>
  /** Another one over the same log. */
  reopen(store: Store): Promise<RedisStore>
  prefixOf(store: Store): string
  /** Sends a command as an administrator. */
  command(name: string, ...args: string[]): Promise<unknown>
  close(): Promise<void>
}

export function createBench(kind: ClientKind, service: () => Service): RedisBench {
  const prefixes = new Map<Store, string>()
  const opened: Opened[] = []
  let admin: Redis | undefined

  const open = async (prefix = `log-${prefixes.size}`, url = service().url) => {
    const one = await kind.open(url)
    opened.push(one)
    const store = createRedisStore({ client: one.client, prefix })
    prefixes.set(store, prefix)
    return store
  }

  return {
    open,
    reopen: (store) => open(prefixes.get(store)),
    prefixOf: (store) => prefixes.get(store) as string,
    command(name, ...args) {
      admin ??= new Redis(service().url).on('error', ignore)
      return admin.call(name, ...args)
    },
    async close() {
      for (const store of prefixes.keys()) await store.close()
      for (const { end } of opened) end()
      admin?.disconnect()
    },
  }
}

/** A way to a server that can lose an answer. */
export interface LossyProxy {
  readonly url: string
  /** Lets the next command through, and cuts the connection in place of its answer. */
  loseNextAnswer(): Promise<void>
  /** Takes connections again after a loss. */
  reopen(): void
  close(): Promise<void>
}

export async function createLossyProxy(port: number): Promise<LossyProxy> {
  const sockets = new Set<net.Socket>()
  let lose: (() => void) | undefined
  let isShut = false

  const server = net.createServer((client) => {
    if (isShut) return void client.destroy()
    const upstream = net.connect(port, '127.0.0.1')
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', cut).on('close', cut)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => {
      if (lose === undefined) return client.write(data)
      isShut = true
      lose()
      lose = undefined
      cut()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    loseNextAnswer: () =>
      new Promise((resolve) => {
        lose = resolve
      }),
    reopen() {
      isShut = false
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
