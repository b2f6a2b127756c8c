import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isSluiceError, SluiceError } from '@sluice/core'
import type { CompactableStore, Store } from '@sluice/stores'
import type { NatsClient, NatsJetStream, PgClient, RedisPackage } from './drivers.ts'
import { loadPackage } from './load-module.ts'
import { askHttp, askPostgres, askRedis, type ServerFacts } from './server-facts.ts'
import { suggest, usageError } from './usage-error.ts'
import type { World } from './world.ts'

/** A store that is open, and how to let go of it and of what it was opened over. */
export interface OpenStore {
  readonly store: Store | CompactableStore
  /** What it is called in messages: its address, without a password. */
  readonly name: string
  /** The folder of a file store. */
  readonly directory?: string
  /** Asks the server behind it; undefined where there is none. It rejects where the server does not tell. */
  readonly askServer?: () => Promise<ServerFacts>
  close(): Promise<void>
}

/** Where a store is looked for. */
export interface StorePlace {
  /** A folder, `file:./folder`, `redis://…?prefix=shop`, `postgres://…?table=…`, `nats://…?name=…`, `http(s)://…`. */
  readonly where: string
  /** What a relative folder starts from, and whose dependencies the clients are. */
  readonly folder: string
  /** `SLUICE_TOKEN` is the bearer token of a store over HTTP. */
  readonly env: World['env']
}

const schemes = ['file', 'redis', 'rediss', 'postgres', 'postgresql', 'nats', 'http', 'https']

/** A server that does not answer within this is taken for unreachable, in milliseconds. */
const connectMs = 5_000

/**
 * Opens the store at an address. Clients of servers are the application's own dependencies, and found
 * from its folder.
 *
 * @throws SluiceError `invalid_usage` for an address that is none; `store_driver_missing`;
 * `store_unreachable` where the client cannot connect.
 */
export async function openStore(place: StorePlace): Promise<OpenStore> {
  const { where, folder } = place
  const scheme = /^([a-z][a-z0-9+.-]+):/iu.exec(where)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return openFolder(resolve(folder, where))
    case 'file':
      return openFolder(folderOf(where, folder))
    case 'redis':
    case 'rediss':
      return openRedis(place)
    case 'postgres':
    case 'postgresql':
      return openPostgres(place)
    case 'nats':
      return openNats(place)
    case 'http':
    case 'https':
      return openHttp(place)
    default:
      throw usageError(
        `There is no store for ${scheme}: addresses.`,
        suggest(scheme, schemes) ?? 'A folder, redis://, postgres://, nats:// or https:// is one.',
      )
  }
}

/** The folder that a `file:` address names: absolute with three slashes, else relative. */
export function folderOf(where: string, folder: string): string {
  return where.startsWith('file:///') ? fileURLToPath(where) : resolve(folder, where.slice(5))
}

/** What to type where a store's error tells a programmer what to write. */
export function withStoreRemedy(error: unknown, { name, directory }: OpenStore): unknown {
  if (isSluiceError(error) && error.code === 'store_unauthorized' && /^https?:/u.test(name)) {
    const remedy = 'The token is what SLUICE_TOKEN holds: ask who runs the server for one.'
    return new SluiceError('store_unauthorized', `${error.message}\n${remedy}`, { cause: error })
  }
  if (directory === undefined || !isSluiceError(error) || error.code !== 'store_missing') {
    return error
  }
  // It is another folder that is missing, and its error names it.
  const found = statSync(directory, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) return error
  if (found !== undefined) {
    const text = `${directory} is a file, and a log is a folder.\nName the folder; where there is none yet, sluice init makes one.`
    return new SluiceError('store_missing', text, { cause: error })
  }
  return new SluiceError(
    'store_missing',
    `There is no folder ${directory}.\nIf the log lies elsewhere, or on a volume that is not mounted, mend that. For a new log type mkdir -p ${directory}`,
    { cause: error },
  )
}

async function openFolder(directory: string): Promise<OpenStore> {
  const { createFileStore } = await import('@sluice/stores/file')
  const store = createFileStore({ directory })
  return { store, name: directory, directory, close: () => store.close() }
}

async function openRedis({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parse(where)
  const prefix = take(url, 'prefix') ?? 'sluice'
  const name = nameOf(url)
  const redis = await driver<RedisPackage>('redis', name, folder)
  const { createRedisStore } = await import('@sluice/stores/redis')
  const client = createRedisClient(redis, url)
  client.on('error', () => {})
  await withinPatience(client.connect()).catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
  const store = createRedisStore({ client, prefix })
  return {
    store,
    name,
    askServer: () => askRedis(client),
    async close() {
      await store.close()
      client.destroy()
    },
  }
}

function createRedisClient({ createClient }: RedisPackage, url: URL) {
  try {
    return createClient({
      url: url.href,
      disableOfflineQueue: true,
      // A person waits: the first connection succeeds or fails, and is not tried for ever.
      socket: { connectTimeout: connectMs, reconnectStrategy: false },
    })
  } catch (cause) {
    throw usageError(
      `${nameOf(url)} is no address that the package redis takes: ${(cause as Error).message}.`,
      'It looks like redis://host:6379/0?prefix=shop',
    )
  }
}

/** The client's own limit ends with the connection; a server may take it and say nothing. */
function withinPatience<T>(connected: Promise<T>): Promise<T> {
  const patience = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`it does not answer within ${connectMs} ms`))
    setTimeout(late, connectMs).unref()
  })
  return Promise.race([connected, patience])
}

async function openPostgres({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parse(where)
  const table = take(url, 'table')
  const name = nameOf(url)
  const { default: pg } = await driver<PgClient>('pg', name, folder)
  const { createPostgresStore } = await import('@sluice/stores/postgres')
  const pool = new pg.Pool({
    connectionString: url.href,
    connectionTimeoutMillis: connectMs,
    max: 2,
  })
  const store = createPostgresStore({ pool, ...(table === undefined ? {} : { table }) })
  return {
    store,
    name,
    askServer: () => askPostgres(pool),
    async close() {
      await store.close()
      await pool.end()
    },
  }
}

async function openNats({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parse(where)
  const log = take(url, 'name') ?? 'sluice'
  const name = nameOf(url)
  const { connect } = await driver<NatsClient>('@nats-io/transport-node', name, folder)
  const { jetstream } = await driver<NatsJetStream>('@nats-io/jetstream', name, folder)
  const { createNatsStore } = await import('@sluice/stores/nats')
  const { username: user, password: pass } = url
  const login =
    user === '' ? {} : { user: decodeURIComponent(user), pass: decodeURIComponent(pass) }
  const connection = await connect({
    servers: url.host,
    timeout: connectMs,
    reconnect: false,
    ...login,
  }).catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
  const store = createNatsStore({ connection, jetstream: jetstream(connection), name: log })
  return {
    store,
    name,
    askServer: async () => ({ product: 'NATS', ...connection.info }),
    async close() {
      await store.close()
      await connection.close()
    },
  }
}

async function openHttp({ where, env }: StorePlace): Promise<OpenStore> {
  const url = parse(where)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw usageError(
      `The address ${nameOf(url)} is over HTTP, and holds a name, a password or a query besides.`,
      'Leave that out, and set SLUICE_TOKEN to the token.',
    )
  }
  const { createHttpStore } = await import('@sluice/stores/http')
  const token = env.SLUICE_TOKEN || undefined
  const store = createHttpStore({ url: url.href, ...(token === undefined ? {} : { token }) })
  return {
    ...{ store, name: nameOf(url), askServer: () => askHttp(url) },
    close: () => store.close(),
  }
}

function parse(where: string): URL {
  try {
    return new URL(where)
  } catch {
    // What makes it none may stand beside a password.
    const shown = where.replace(/\/\/.*@/su, '//').replace(/[?#].*$/su, '')
    throw usageError(`${shown} is no address of a store.`, 'It looks like redis://host:6379')
  }
}

/** Takes a setting of ours out of an address that the client reads too. */
function take(url: URL, setting: string): string | undefined {
  const found = url.searchParams.get(setting) ?? undefined
  url.searchParams.delete(setting)
  return found
}

function nameOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}

async function driver<Module>(name: string, store: string, folder: string): Promise<Module> {
  try {
    return (await loadPackage(name, folder)) as Module
  } catch (cause) {
    throw new SluiceError(
      'store_driver_missing',
      `${store} needs the package ${name}, which ${folder} has not installed.\nType npm install ${name} there; sluice brings no clients of its own.`,
      { cause },
    )
  }
}

function unreachable(store: string, cause: unknown): SluiceError {
  const why = cause instanceof Error ? cause.message || (cause as { code?: string }).code : cause
  return new SluiceError('store_unreachable', `${store} cannot be reached: ${why}`, { cause })
}
