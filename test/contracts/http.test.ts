import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Commit,
  createReplica,
  genesis,
  refusalCodes,
  type Store,
  sealCommit,
  sealSnapshot,
} from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import {
  bearer,
  createHttpStore,
  createLogHandler,
  type HttpDispatcher,
  type HttpStoreOptions,
  type LogHandlerOptions,
  toNodeListener,
} from '@sluice/stores/http'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock, storeContract } from '@sluice/stores/testing'
import { Agent, EnvHttpProxyAgent, MockAgent, Pool, ProxyAgent } from 'undici'
import { afterAll, afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type Listening, serveBytes, serveHttp } from '../services/http.ts'

const tokens = {
  read: 'read-token-0123456789',
  write: 'write-token-0123456789',
  maintain: 'maintain-token-0123456789',
}

/** What a test opened, in order; closed after it, last first. */
let opened: { close(): Promise<unknown> | void }[] = []

async function closeAll(): Promise<void> {
  for (const each of opened.reverse()) await each.close()
  opened = []
}

function keep<T extends { close(): Promise<unknown> | void }>(each: T): T {
  opened.push(each)
  return each
}

/** A log served on the loopback. */
async function serveLog(
  store: Store,
  options: Partial<LogHandlerOptions> = {},
): Promise<Listening & { reported: unknown[] }> {
  const reported: unknown[] = []
  const handler = createLogHandler(store, {
    authorize: bearer(tokens),
    report: (error) => reported.push(error),
    ...options,
  })
  const server = await serveHttp(toNodeListener(handler))
  keep({
    async close() {
      handler.close()
      await server.close()
      await store.close()
    },
  })
  return { ...server, reported }
}

function open({ url }: { url: string }, options: Partial<HttpStoreOptions> = {}) {
  return keep(createHttpStore({ url, token: tokens.maintain, ...options }))
}

const draft = (value: unknown) => ({
  ...{ actor: 'ann', action: 'note', reason: 'a test' },
  changes: [{ key: 'k', value: value as null }],
})

function chainOf(count: number, value: unknown = null): Commit[] {
  const commits: Commit[] = []
  for (let index = 0; index < count; index += 1) {
    commits.push(sealCommit(draft(value ?? index), commits.at(-1) ?? genesis, 1))
  }
  return commits
}

async function fill(store: Store, commits: readonly Commit[]): Promise<void> {
  for (const commit of commits) await store.append(commit)
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 5_000; round += 1) {
    if (condition()) return
    await sleep(2)
  }
  expect.fail('the condition never held')
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('nothing was refused'),
    (error: { code: string; message: string; retryAfterMs?: number; cause?: unknown }) => error,
  )

afterEach(closeAll)

const contracts: [string, () => Promise<Store>][] = [
  ['a memory store', async () => createMemoryStore()],
  [
    'a file store',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-http-'))
      directories.push(directory)
      return createFileStore({ directory })
    },
  ],
]
const directories: string[] = []
afterAll(async () => {
  for (const directory of directories) await rm(directory, { recursive: true })
})

for (const [name, create] of contracts) {
  const urls = new Map<Store, string>()
  storeContract(
    `http over ${name}`,
    {
      async create() {
        const { url } = await serveLog(await create(), { exchange: createMemoryStore().exchange })
        const store = createHttpStore({ url, token: tokens.maintain })
        urls.set(store, url)
        return store
      },
      reopen: async (store) => createHttpStore({ url: urls.get(store)!, token: tokens.maintain }),
    },
    { describe, it },
  )
}
