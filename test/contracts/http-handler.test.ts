import { once } from 'node:events'
import net from 'node:net'
import { type Commit, genesis, type Store, sealCommit, sealSnapshot } from '@sluice/stores'
import {
  bearer,
  createLogHandler,
  type LogHandlerOptions,
  toNodeListener,
} from '@sluice/stores/http'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { serveHttp } from '../services/http.ts'
import {
  chainOf,
  closeAll,
  failureOf,
  fill,
  keep,
  open,
  serveLog,
  tokens,
  until,
} from './http.fixture.ts'

afterEach(closeAll)

describe('the handler of a log', () => {
  const [commit, next] = chainOf(2) as [Commit, Commit]

  async function ask(
    server: { url: string },
    path: string,
    init: RequestInit & { duplex?: 'half' } = {},
    token: string | undefined = tokens.maintain,
  ) {
    const headers = new Headers(init.headers)
    if (token !== '') headers.set('authorization', `Bearer ${token}`)
    const answer = await fetch(server.url + path, { redirect: 'error', ...init, headers })
    const text = await answer.text()
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      body: (text === '' ? undefined : JSON.parse(text)) as { code: string; message: string },
    }
  }

  const post = (body: unknown, headers: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

  /** Sends bytes as they are, and gives what comes back until the connection is closed. */
  async function say({ port }: { port: number }, text: string): Promise<string> {
    const socket = net.connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.write(text)
    await once(socket, 'close')
    return answer
  }

  async function serveOne() {
    const store = createMemoryStore()
    await store.append(commit)
    return { store, ...(await serveLog(store)) }
  }

  it('lets nobody in without a token, and tells them nothing', async () => {
    const server = await serveOne()
    for (const token of ['', 'x', `${tokens.maintain}x`, tokens.maintain.slice(1), 'ü']) {
      for (const path of ['/v1/commits', '/v1/events', '/nowhere']) {
        const { status, headers, body } = await ask(server, path, {}, token === 'ü' ? '%FC' : token)
        expect([status, body.code]).toEqual([401, 'unauthorized'])
        expect(headers.get('www-authenticate')).toBe('Bearer')
      }
    }
    const basic = { headers: { authorization: `Basic ${tokens.maintain}` } }
    expect((await fetch(`${server.url}/v1/commits`, basic)).status).toBe(401)
  })

  it('lets each token do what it may, and no more', async () => {
    const server = await serveOne()
    const done = async (token: string) => {
      const snapshot = { ...post(sealSnapshot(commit, [], 1)), method: 'PUT' }
      return [
        (await ask(server, '/v1/commits', {}, token)).status,
        (await ask(server, '/v1/commits', post(next), token)).status,
        (await ask(server, '/v1/snapshot', snapshot, token)).status,
        (await ask(server, '/v1/compaction', post({ keepAfter: 0 }), token)).status,
        (await ask(server, '/v1/start', post({ revision: 1, hash: commit.hash }), token)).status,
      ]
    }
    expect(await done(tokens.read)).toEqual([200, 403, 403, 403, 403])
    expect(await server.store.read(1)).toEqual([])
    expect(await done(tokens.write)).toEqual([200, 201, 204, 403, 403])
    expect(await done(tokens.maintain)).toEqual([200, 409, 204, 200, 409])
  })

  it('takes no commit that would break the chain, from whomever', async () => {
    const server = await serveOne()
    for (const before of [genesis, { revision: 1, hash: 'f'.repeat(64) }]) {
      const { revision: _, hash: __, ...draft } = next
      const forged = sealCommit(draft, before, 5)
      expect((await ask(server, '/v1/commits', post(forged))).status).toBe(409)
    }
    expect(await server.store.read(0)).toEqual([commit])
    expect((await ask(server, '/v1/commits', post(next))).status).toBe(201)
  })

  it.each([
    ['/v1/commits?after=-1', 400],
    ['/v1/commits?after=NaN', 400],
    ['/v1/commits?after=', 400],
    ['/v1/commits?after=1e3', 400],
    ['/v1/commits?after=0x1', 400],
    ['/v1/commits?after=1.5', 400],
    ['/v1/commits?after=../1', 400],
    ['/v1/commits?after=9007199254740993', 400],
    [`/v1/commits?after=${'9'.repeat(400)}`, 400],
    ['/v1/commits?limit=0', 400],
    ['/v1/commits?limit=-1', 400],
    ['/v1/commits?limit=Infinity', 400],
    [`/v1/commits?limit=${'9'.repeat(17)}`, 400],
    ['/v1/commits?limit=9007199254740991', 200],
    ['/v1/commits?after=9007199254740991', 200],
    ['/v1/../v1/commits', 200],
    ['/v1/commits/../../etc/passwd', 404],
    ['/v1/commits/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/v1/commits/1', 404],
    ['/v1/commits/', 404],
    ['/V1/commits', 404],
    ['//127.0.0.1/v1/commits', 404],
    ['/__proto__', 404],
    ['/constructor', 404],
    ['/', 404],
  ])('answers %s with %i', async (path, status) => {
    const server = await serveOne()
    expect((await ask(server, path)).status).toBe(status)
  })

  it('names the methods that a path has', async () => {
    const server = await serveOne()
    for (const [path, allow] of [
      ['/v1/commits', 'HEAD, GET, POST'],
      ['/v1/snapshot', 'HEAD, GET, PUT'],
      ['/v1/events', 'HEAD, GET'],
      ['/v1/compaction', 'POST'],
    ] as const) {
      const { status, headers, body } = await ask(server, path, { method: 'DELETE' })
      expect([status, headers.get('allow'), body.code]).toEqual([405, allow, 'method_not_allowed'])
    }
    for (const path of ['/v1/commits', '/v1/events', '/nowhere']) {
      const { status, text } = await ask(server, path, { method: 'HEAD' })
      expect([status, text]).toEqual([path === '/nowhere' ? 404 : 200, ''])
    }
  })

  it.each<[string, RequestInit & { duplex?: 'half' }, number]>([
    ['bad JSON', post('{"revision":'), 400],
    ['no body', { ...post(''), body: null }, 400],
    ['null', post('null'), 400],
    ['no commit', post({ revision: 2 }), 400],
    ['a commit that was changed', post({ ...next, actor: 'mallory' }), 400],
    [
      'a commit with an abyss',
      post(`{"x":${'['.repeat(90_000)}${']'.repeat(90_000)},${JSON.stringify(next).slice(1)}`),
      400,
    ],
    ['a form', post(next, { 'content-type': 'text/plain' }), 415],
    ['no UTF-8', { ...post(''), body: Uint8Array.of(0x22, 0xff, 0x22) }, 400],
    ['more than it says it takes', post(`"${'x'.repeat(2_000_000)}"`), 413],
    ['the next commit', post(next), 201],
  ])('answers an append of %s', async (_, init, status) => {
    const server = await serveOne()
    expect((await ask(server, '/v1/commits', init)).status).toBe(status)
    expect((await server.store.read(0)).length).toBe(status === 201 ? 2 : 1)
    expect((await ask(server, '/v1/commits')).status).toBe(200)
  })

  it('stops reading an append that has no end, and refuses one by what it announces', async () => {
    const server = await serveOne()
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        if (sent > 100_000_000) controller.error(new Error('nobody stopped it'))
        else controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    // Whoever is cut off while sending for ever need not hear why.
    const refused = await ask(server, '/v1/commits', { ...post(''), body, duplex: 'half' }).then(
      ({ status }) => status,
      () => 413,
    )
    expect(refused).toBe(413)
    expect(sent).toBeLessThan(50_000_000)
    const head = `POST /v1/commits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.write}\r\n`
    const length = 'Content-Type: application/json\r\nContent-Length: 2000001\r\n\r\n'
    expect(await say(server, head + length)).toMatch(/ 413 .*connection: close/is)
    expect((await ask(server, '/v1/commits')).status).toBe(200)
  })

  it('survives what is no HTTP request of the web', async () => {
    const server = await serveOne()
    const host = 'Host: x\r\nConnection: close\r\n\r\n'
    expect(await say(server, `GET http://evil/v1/commits HTTP/1.1\r\n${host}`)).toMatch(/ 400 /)
    expect(await say(server, `TRACE /v1/commits HTTP/1.1\r\n${host}`)).toMatch(/ 405 /)
    expect(await say(server, `OPTIONS * HTTP/1.1\r\n${host}`)).toMatch(/ 400 /)
    expect(await say(server, `CONNECT x:1 HTTP/1.1\r\n${host}`)).toBe('')
    expect(await say(server, `nonsense\r\n\r\n`)).toMatch(/ 400 /)
    expect((await ask(server, '/v1/commits')).status).toBe(200)
    expect(server.reported).toEqual([])
  })

  it('tells no details of its own failures, but to whom it reports', async () => {
    const secret = 'password=hunter2'
    const fails = () => Promise.reject(new Error(secret))
    const memory = createMemoryStore()
    for (const [store, options] of [
      [memory, { authorize: fails }],
      [{ ...memory, read: fails }, {}],
      [
        {
          ...memory,
          read: () => {
            throw Object.assign(new Error(secret), { code: 'conflict' })
          },
        },
        {},
      ],
    ] as [Store, Partial<LogHandlerOptions>][]) {
      const server = await serveLog(store, options)
      const { status, text } = await ask(server, '/v1/commits')
      expect([status, text.includes('hunter2')]).toEqual([500, false])
      expect(server.reported).toMatchObject([{ message: secret }])
    }
  })

  it('takes an answer of authorize that is none for no access', async () => {
    for (const answer of [true, undefined, 'admin', {}] as never[]) {
      const server = await serveLog(createMemoryStore(), { authorize: () => answer })
      expect((await ask(server, '/v1/commits')).status).toBe(401)
    }
    // @ts-expect-error Without `authorize` it does not compile.
    createLogHandler(createMemoryStore(), {})
  })

  it('stands below a path of its own, and nowhere else', async () => {
    const server = await serveLog(createMemoryStore(), { basePath: '/team/log/' })
    expect((await ask(server, '/team/log/v1/commits')).status).toBe(200)
    for (const path of ['/v1/commits', '/team/logv1/commits', '/x/team/log/v1/commits']) {
      expect((await ask(server, path)).status, path).toBe(404)
    }
    expect(await open({ url: `${server.url}/team/log/` }).read(0)).toEqual([])
    expect(await failureOf(open(server).read(0))).toMatchObject({ code: 'store_missing' })
  })

  it('answers pages that are bounded, and reads no more into memory', async () => {
    const store = createMemoryStore()
    const commits = chainOf(12, 'x'.repeat(900_000))
    await fill(store, commits)
    let largest = 0
    const server = await serveLog({
      ...store,
      async read(after, limit) {
        const found = await store.read(after, limit)
        largest = Math.max(largest, found.length)
        return found
      },
    })
    const { text, body } = await ask(server, '/v1/commits?limit=1000')
    expect(text.length).toBeLessThan(4_100_000)
    expect(body).toMatchObject({ more: true, commits: { length: 4 } })
    expect(largest).toBeLessThanOrEqual(8)
    const client = open(server)
    expect(await client.read(0)).toEqual(commits)
    expect(await client.read(3, 7)).toEqual(commits.slice(3, 10))
    expect(await client.read(11, 1)).toEqual(commits.slice(11))
  })

  it('pages through many small commits', async () => {
    const store = createMemoryStore()
    const commits = chainOf(2_300)
    await fill(store, commits)
    const server = await serveLog(store)
    expect(await ask(server, '/v1/commits?limit=999999')).toMatchObject({
      body: { more: true, commits: { length: 1_000 } },
    })
    expect(await open(server).read(0)).toEqual(commits)
    expect(await open(server).read(100, 1_500)).toEqual(commits.slice(100, 1_600))
  })

  it('asks its store once for a look that finds nothing new', async () => {
    const store = createMemoryStore()
    await fill(store, chainOf(3))
    let reads = 0
    const server = await serveLog({
      ...store,
      read: (after, limit) => {
        reads += 1
        return store.read(after, limit)
      },
    })
    expect((await open(server).read(2, 201)).length).toBe(1)
    expect(reads).toBe(1)
  })

  it('says that it has no exchange and no compaction, where its store has none', async () => {
    const { read, append, readSnapshot, writeSnapshot, close } = createMemoryStore()
    const client = open(await serveLog({ read, append, readSnapshot, writeSnapshot, close }))
    const unsupported = { code: 'store_unsupported' }
    expect(await failureOf(client.exchange!.collect(''))).toMatchObject(unsupported)
    expect(await failureOf(client.exchange!.publish('k', 1, 1_000))).toMatchObject(unsupported)
    expect(await failureOf(client.compact({ keepAfter: 0 }))).toMatchObject(unsupported)
    // It has no watch either, and yet wakes whoever follows what is appended through it.
    let wakes = 0
    const stop = await client.watch!(() => {
      wakes += 1
    })
    await client.append(commit)
    await until(() => wakes > 0)
    stop()
  })
})

describe('toNodeListener', () => {
  it('reads on only as fast as its client, and stops when the client goes', async () => {
    let pulled = 0
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(65_536))
      },
      cancel() {
        isCancelled = true
      },
    })
    const server = keep(await serveHttp(toNodeListener(async () => new Response(body))))
    const socket = net.connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let before = -1
    // It comes to a halt when the buffers of both ends are full; without that, never.
    await until(() => {
      const isStill = pulled > 0 && pulled === before
      before = pulled
      return isStill || pulled > 2_000
    })
    expect(pulled).toBeLessThan(2_000)
    socket.destroy()
    await until(() => isCancelled)
  })

  it('cuts the connection where an answer fails in the middle', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10))
      },
      pull() {
        throw new Error('it broke')
      },
    })
    const server = keep(await serveHttp(toNodeListener(async () => new Response(body))))
    const answer = await fetch(server.url)
    await expect(answer.arrayBuffer()).rejects.toThrow()
    const failing = keep(
      await serveHttp(toNodeListener(() => Promise.reject(new Error('it broke')))),
    )
    await expect(fetch(failing.url)).rejects.toThrow()
  })
})

describe('bearer', () => {
  it.each([
    '',
    'short',
    'fifteen-letters',
    'with space 0123456789',
    'ünicode-0123456789',
    undefined,
  ])('refuses the token %j', (token) => {
    expect(() => bearer({ write: token as string })).toThrowError(
      expect.objectContaining({ code: 'invalid_token' }),
    )
    expect(() => bearer({ read: ['good-token-0123456789', token as string] })).toThrow()
  })

  it('takes several tokens, and the higher access of one that stands twice', async () => {
    const [one, two] = ['first-token-0123456789', 'other-token-0123456789']
    const authorize = bearer({ maintain: two, read: [one, two] })
    const ask = (value: string) =>
      authorize(new Request('http://x', { headers: { authorization: value } }))
    expect([await ask(`Bearer ${one}`), await ask(`bearer  ${two}`)]).toEqual(['read', 'maintain'])
    expect([await ask(one), await ask('Bearer'), await ask('')]).toEqual(['none', 'none', 'none'])
  })
})
