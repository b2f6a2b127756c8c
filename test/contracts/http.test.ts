import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Commit, createReplica, type Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import {
  createHttpStore,
  createLogHandler,
  type HttpDispatcher,
  toNodeListener,
} from '@sluice/stores/http'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock, storeContract } from '@sluice/stores/testing'
import { Agent, type EnvHttpProxyAgent, type MockAgent, type Pool, type ProxyAgent } from 'undici'
import { afterAll, afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { serveHttp } from '../services/http.ts'
import {
  chainOf,
  closeAll,
  draft,
  failureOf,
  keep,
  open,
  serveLog,
  tokens,
} from './http.fixture.ts'

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

describe('an HTTP store', () => {
  const [one] = chainOf(1) as [Commit]
  const json =
    (body: unknown, status = 200, headers = {}): RequestListener =>
    (_, response) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body))

  it('cannot be reached where nobody listens', async () => {
    const server = await serveHttp(() => {})
    await server.close()
    const error = await failureOf(open(server).append(one))
    expect(error).toMatchObject({ code: 'store_unreachable', cause: expect.anything() })
    expect(error.message).toContain('ECONNREFUSED')
  })

  it('sends an append once, and the replica finds out what became of it', async () => {
    const store = createMemoryStore()
    const listener = toNodeListener(createLogHandler(store, { authorize: () => 'write' }))
    let appends = 0
    const server = keep(
      await serveHttp((request, response) => {
        if (request.method === 'POST') {
          appends += 1
          // The append is made, and its acknowledgement lost with the connection.
          if (appends % 2 === 1) response.writeHead = () => response.destroy() as never
        }
        listener(request, response)
      }),
    )
    const client = open(server)
    const [first] = chainOf(1)
    expect(await failureOf(client.append(first!))).toMatchObject({ code: 'store_unreachable' })
    expect([appends, (await store.read(0)).length]).toEqual([1, 1])
    appends = 0
    const replica = keep(createReplica({ store: client }))
    const written = await replica.commit(draft('once'))
    expect([appends, written.revision, (await store.read(0)).length]).toEqual([1, 2, 2])
  })

  it('does not send the token wherever it is told to', async () => {
    let asked = 0
    const other = keep(
      await serveHttp((_, response) => {
        asked += 1
        response.end()
      }),
    )
    for (const status of [301, 302, 303, 307, 308]) {
      const server = keep(await serveHttp(json({}, status, { location: other.url })))
      await failureOf(open(server).read(0))
      await failureOf(open(server).append(one))
    }
    expect(asked).toBe(0)
  })

  it.each([
    ['ftp://x', 'invalid_url'],
    ['/relative', 'invalid_url'],
    ['http://ann:secret@x', 'invalid_url'],
    ['http://x?token=1', 'invalid_url'],
    ['', 'invalid_url'],
  ])('refuses the address %j', (url, code) => {
    try {
      createHttpStore({ url })
      expect.fail('it was taken')
    } catch (error) {
      expect(error).toMatchObject({ code })
      expect((error as Error).message).not.toContain('secret')
    }
  })

  it('refuses a token that is empty or would break out of its header', () => {
    for (const token of ['', 'a b', 'a\r\nx: y', 'ü']) {
      expect(() => createHttpStore({ url: 'http://x', token })).toThrowError(
        expect.objectContaining({ code: 'invalid_token' }),
      )
    }
  })

  it('takes the dispatchers of undici, and leaves them open', async () => {
    expectTypeOf<Agent>().toExtend<HttpDispatcher>()
    expectTypeOf<Pool>().toExtend<HttpDispatcher>()
    expectTypeOf<ProxyAgent>().toExtend<HttpDispatcher>()
    expectTypeOf<EnvHttpProxyAgent>().toExtend<HttpDispatcher>()
    expectTypeOf<MockAgent>().toExtend<HttpDispatcher>()
    const server = await serveLog(createMemoryStore())
    const dispatcher = keep(new Agent())
    const client = createHttpStore({ url: server.url, token: tokens.read, dispatcher })
    await client.watch!(() => {})
    expect(await client.read(0)).toEqual([])
    await client.close()
    expect(dispatcher.closed).toBe(false)
  })

  it('leaves the outcome of an append open when it is closed in the middle', async () => {
    const server = keep(await serveHttp(() => {}))
    // The application's dispatcher ends nothing by itself.
    const clock = createManualClock()
    const client = open(server, { dispatcher: keep(new Agent()), clock })
    const trying = failureOf(client.append(one))
    await client.close()
    expect(await trying).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringContaining('closed meanwhile'),
    })
    expect(await failureOf(client.append(one))).toMatchObject({ code: 'store_closed' })
    expect(await failureOf(client.watch!(() => {}))).toMatchObject({ code: 'store_closed' })
  })

  it('reads on from the snapshot where the log was compacted over there', async () => {
    const store = createMemoryStore()
    const source = keep(createReplica({ store, snapshotEvery: 0 }))
    for (let index = 0; index < 5; index += 1) await source.commit(draft(index))
    await source.snapshot()
    await source.commit(draft('after'))
    const client = open(await serveLog(store))
    expect(await client.compact({ keepAfter: 4 })).toMatchObject({ dropped: 4 })
    const replica = keep(createReplica({ store: client }))
    await replica.refresh()
    expect([replica.head.revision, replica.get('k')?.value]).toEqual([6, 'after'])
  })

  it('lets four clients commit a hundred times each, without a gap or a double', async () => {
    const store = createMemoryStore()
    const server = await serveLog(store)
    const replicas = [1, 2, 3, 4].map(() => keep(createReplica({ store: open(server) })))
    await Promise.all(
      replicas.map(async (replica, index) => {
        for (let n = 0; n < 100; n += 1) {
          const changes = [{ key: `k/${index}/${n}`, value: n }]
          await replica.commit({ ...draft(n), changes })
        }
      }),
    )
    const commits = await store.read(0)
    expect(commits.length).toBe(400)
    expect(new Set(commits.map(({ changes }) => changes[0]?.key)).size).toBe(400)
  })
})
