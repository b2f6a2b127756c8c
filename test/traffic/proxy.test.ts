import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import type { TrafficOutcome } from '../../packages/rollout/src/dispatcher.ts'
import { createSplitProxy, type SplitProxyOptions } from '../../packages/rollout/src/proxy.ts'
import { createArmServer } from './arm-server.ts'
import { sendRaw } from './raw-client.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Answer = (incoming: IncomingMessage, response: ServerResponse) => void

async function origin(answer: Answer): Promise<{ server: Server; url: string }> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function proxyTo(url: string, options: Partial<SplitProxyOptions> = {}) {
  const outcomes: TrafficOutcome[] = []
  const proxy = createSplitProxy({
    arms: { stable: { origins: [url] } },
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  })
  const { port } = await proxy.listen()
  cleanups.push(() => proxy.close())
  return { proxy, port, outcomes, base: `http://127.0.0.1:${port}` }
}

const echo: Answer = (incoming, response) => {
  response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers }))
}

async function seen(base: string, headers: Record<string, string> = {}, path = '/') {
  const { body, headers: answered } = await request(`${base}${path}`, { headers })
  const { headers: sent, url } = (await body.json()) as {
    headers: Record<string, string>
    url: string
  }
  return { sent, url, answered }
}

describe('the headers that a proxy forwards', () => {
  it('keep the Host of the client, or name the origin', async () => {
    const { url } = await origin(echo)
    const kept = await proxyTo(url)
    expect((await seen(kept.base, { host: 'shop.example' })).sent.host).toBe('shop.example')
    const renamed = await proxyTo(url, { host: 'origin' })
    expect((await seen(renamed.base, { host: 'shop.example' })).sent).toMatchObject({
      host: new URL(url).host,
      'x-forwarded-host': 'shop.example',
    })
  })

  it('say where a request comes from, and believe no client about it', async () => {
    const { url } = await origin(echo)
    const lie = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-real-ip': '1.2.3.4',
    }
    const edge = await proxyTo(url)
    const { sent } = await seen(edge.base, lie)
    expect(sent).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      via: '1.1 sluice',
    })
    expect(sent).not.toHaveProperty('x-real-ip')
    const inner = await proxyTo(url, { trustsForwarded: true })
    expect((await seen(inner.base, lie)).sent).toMatchObject({
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-proto': 'https',
    })
  })

  it('are without those of the connection, in both directions', async () => {
    const { url } = await origin((incoming, response) => {
      response.writeHead(200, [
        ['connection', 'x-private'],
        ['x-private', 'a'],
        ['keep-alive', 'timeout=5'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-name', 'J\xfcrgen'],
      ])
      echo(incoming, response)
    })
    const { port } = await proxyTo(url, { stickyCookie: false })
    const answer = await sendRaw(
      port,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-mine, host\r\nX-Mine: 1\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n\r\n',
    )
    expect(answer).toContain('set-cookie: a=1\r\nset-cookie: b=2')
    expect(answer).toContain('x-name: J\xfcrgen')
    expect(answer).not.toMatch(/x-private|timeout=5/)
    expect(answer).toContain('"host":"a"')
    expect(answer).not.toMatch(/"x-mine"|"te"|"proxy-connection"/)
  })
})

describe('a client without a key', () => {
  it('gets a cookie that keeps it on its arm, and the origin the same key', async () => {
    const [stable, canary] = [await origin(echo), await origin(echo)]
    const { base } = await proxyTo(stable.url, {
      arms: { stable: { origins: [stable.url] }, canary: { origins: [canary.url] } },
      weights: { stable: 50, canary: 50 },
    })
    for (let client = 0; client < 10; client++) {
      const first = await seen(base)
      const cookie = String(first.answered['set-cookie'])
      expect(cookie).toMatch(
        /^sluice_key=[0-9a-f-]{36}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
      )
      const pair = cookie.split(';')[0]!
      expect(first.sent['x-sluice-key']).toBe(pair.split('=')[1])
      const again = await seen(base, { cookie: pair })
      expect(again.answered['set-cookie']).toBeUndefined()
      expect(again.sent['x-sluice-key']).toBe(first.sent['x-sluice-key'])
    }
  })

  it('gets none where that is turned off', async () => {
    const { url } = await origin(echo)
    const { base } = await proxyTo(url, { stickyCookie: false })
    const { sent, answered } = await seen(base)
    expect(answered['set-cookie']).toBeUndefined()
    expect(sent).not.toHaveProperty('x-sluice-key')
  })
})

describe('a body', () => {
  it('is streamed both ways, with trailers at the end', async () => {
    const { url } = await origin((incoming, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      incoming.on('data', (chunk) => response.write(chunk))
      incoming.on('end', () => {
        response.addTrailers({ 'x-sum': '42' })
        response.end()
      })
    })
    const { base } = await proxyTo(url)
    const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(10_000, index % 251))
    const { body, trailers } = await request(base, { method: 'POST', body: Readable.from(chunks) })
    const received = Buffer.from(await body.arrayBuffer())
    expect(received.equals(Buffer.concat(chunks))).toBe(true)
    expect(trailers).toEqual({ 'x-sum': '42' })
  })

  it('waits for a client that does not read', async () => {
    let written = 0
    let isFull = () => {}
    const full = new Promise<void>((resolve) => {
      isFull = resolve
    })
    const chunk = Buffer.alloc(64 * 1024)
    const total = 64 * 1024 * 1024
    const { url } = await origin(async (_, response) => {
      const gone = once(response, 'close')
      while (written < total && !response.destroyed) {
        written += chunk.length
        if (response.write(chunk)) continue
        const stuck = setTimeout(isFull, 300)
        await Promise.race([once(response, 'drain'), gone])
        clearTimeout(stuck)
      }
      response.end()
    })
    const { base } = await proxyTo(url)
    const { body } = await request(base)
    await full
    // What the sockets and buffers between hold, far from the whole.
    expect(written).toBeLessThan(total / 2)
    let received = 0
    for await (const part of body) received += part.length
    expect(received).toBe(total)
  })

  it('is sent on after Expect: 100-continue', async () => {
    const { url } = await origin((incoming, response) => {
      incoming.pipe(response)
    })
    const { port } = await proxyTo(url)
    const answer = await sendRaw(
      port,
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    )
    expect(answer).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
    expect(answer).toContain('hello')
  })
})

describe('a client that leaves', () => {
  it('ends the request at the origin, and is not the origin’s fault', async () => {
    let arrived = () => {}
    const begun = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const ended = new Promise<void>((resolve) => {
      void origin((_, response) => {
        response.on('close', resolve)
        arrived()
      }).then(async ({ url }) => {
        const { port, outcomes: told } = await proxyTo(url)
        outcomes = told
        const socket = connect(port, '127.0.0.1', () =>
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
        )
        await begun
        socket.destroy()
      })
    })
    let outcomes: TrafficOutcome[] = []
    await ended
    while (outcomes.length === 0) await new Promise(setImmediate)
    expect(outcomes).toMatchObject([{ ok: false, isAborted: true, statusCode: undefined }])
  })
})

describe('an origin that fails', () => {
  it('is a 502 without a word of why, and another one is tried before', async () => {
    const [dead, alive] = [await createArmServer('stable'), await createArmServer('stable')]
    cleanups.push(() => alive.close())
    await dead.kill()
    const { base, proxy, outcomes } = await proxyTo(dead.origin)
    const { statusCode, body } = await request(base)
    expect([statusCode, await body.text()]).toEqual([502, 'Bad Gateway\n'])
    proxy.setOrigins('stable', [dead.origin, alive.origin])
    expect((await request(base)).statusCode).toBe(200)
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, true])
  })

  it('that is too slow is a 504', async () => {
    const { url } = await origin(() => {})
    const { base, outcomes } = await proxyTo(url, { pool: { headersTimeout: 50 } })
    const { statusCode, body } = await request(base)
    expect([statusCode, await body.text()]).toEqual([504, 'Gateway Timeout\n'])
    expect(outcomes).toMatchObject([{ ok: false, isAborted: false }])
  })

  it('in the middle of an answer breaks the answer off', async () => {
    const { url } = await origin((_, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('half', () => response.destroy())
    })
    const { base, outcomes } = await proxyTo(url)
    const { body } = await request(base)
    await expect(body.text()).rejects.toThrow()
    expect(outcomes).toMatchObject([{ ok: false, statusCode: 200 }])
  })
})

describe('a request that is two at once', () => {
  it('is refused before it reaches an origin', async () => {
    let reached = 0
    const { url } = await origin((_, response) => {
      reached++
      response.end()
    })
    const { port } = await proxyTo(url)
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'
    for (const framing of [
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
      'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde',
      'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    ]) {
      expect(await sendRaw(port, head + framing), framing).toMatch(/^HTTP\/1.1 400 /)
    }
    for (const coding of ['xchunked', 'gzip, chunked']) {
      const framing = `Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`
      expect(await sendRaw(port, head + framing), framing).toMatch(/^HTTP\/1.1 501 /)
    }
    expect(reached).toBe(0)
    const long = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`
    expect(await sendRaw(port, long)).toMatch(/^HTTP\/1.1 431 /)
    expect(reached).toBe(0)
  })

  it('that names a server in its target reaches the arm all the same', async () => {
    const { url } = await origin(echo)
    const { port } = await proxyTo(url)
    const target =
      'GET http://elsewhere.example/a?b=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(port, target)).toContain('"url":"/a?b=1"')
    const star = 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(port, star)).toMatch(/^HTTP\/1.1 400 /)
  })
})

describe('an upgrade', () => {
  const upgrade =
    'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

  it('joins the client and the origin, until one of them ends', async () => {
    const { server, url } = await origin(echo)
    server.on('upgrade', (incoming, socket) => {
      const key = incoming.headers['x-sluice-key'] !== undefined
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nx-key: ${key}\r\n\r\nhello `,
      )
      socket.on('data', (data: Buffer) => socket.end(data.toString().toUpperCase()))
    })
    const { port, outcomes } = await proxyTo(url)
    const answer = await sendRaw(port, `${upgrade}early`)
    expect(answer).toMatch(/^HTTP\/1.1 101 /)
    expect(answer).toMatch(/upgrade: websocket/i)
    expect(answer).toContain('x-key: true')
    expect(answer).toMatch(/hello EARLY$/)
    expect(outcomes).toMatchObject([{ arm: 'stable', ok: true, statusCode: 101 }])
  })

  it('to HTTP itself is none: the request is served, and with a body refused', async () => {
    const { server, url } = await origin(echo)
    server.on('upgrade', (_, socket) => socket.destroy())
    const { port } = await proxyTo(url)
    const h2c =
      'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
    const answer = await sendRaw(port, `GET /a HTTP/1.1\r\n${h2c}\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[\s\S]*"url":"\/a"/)
    const withBody = `POST / HTTP/1.1\r\n${h2c}Content-Length: 5\r\n\r\nhello`
    expect(await sendRaw(port, withBody)).toMatch(/^HTTP\/1.1 501 /)
  })

  it('that the origin declines gets its answer', async () => {
    const { server, url } = await origin(echo)
    server.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno')
    })
    const { port, outcomes } = await proxyTo(url)
    expect(await sendRaw(port, upgrade)).toMatch(/^HTTP\/1.1 401 Unauthorized[\s\S]*no$/)
    expect(outcomes).toMatchObject([{ ok: true, statusCode: 401 }])
  })

  it('that the origin does not answer is a 504', async () => {
    const { server, url } = await origin(echo)
    server.on('upgrade', (_, socket) => socket.on('end', () => socket.end()).resume())
    const { port, outcomes } = await proxyTo(url, { pool: { headersTimeout: 50 } })
    expect(await sendRaw(port, upgrade)).toMatch(/^HTTP\/1.1 504 Gateway Timeout/)
    expect(outcomes).toMatchObject([{ ok: false, statusCode: undefined, isAborted: false }])
  })

  it('to a dead origin is a 502', async () => {
    const dead = await createArmServer('stable')
    await dead.kill()
    const { port, outcomes } = await proxyTo(dead.origin)
    expect(await sendRaw(port, upgrade)).toMatch(/^HTTP\/1.1 502 Bad Gateway/)
    expect(outcomes).toMatchObject([{ ok: false, statusCode: undefined }])
  })
})

describe('what a hostile client sends', () => {
  it('is no error of its arm where it is refused', async () => {
    const { url } = await origin(echo)
    const { port, outcomes } = await proxyTo(url)
    const twoHosts = 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(port, twoHosts)).toMatch(/^HTTP\/1.1 400 /)
    expect(outcomes).toEqual([])
  })

  it('names no proxy and no key by headers that resemble them', async () => {
    const { url } = await origin(echo)
    const { port } = await proxyTo(url, { stickyCookie: false })
    const answer = await sendRaw(
      port,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX_Forwarded_For: 6\r\nX-Forwarded-Prefix: /6\r\nx_sluice_key: 6\r\nHTTP2-Settings: 6\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(answer).not.toContain('6"')
  })

  it('ahead on one connection ends at the origin when it leaves', async () => {
    let open = 0
    let all = () => {}
    const arrived = new Promise<void>((resolve) => {
      all = resolve
    })
    const { url } = await origin((_, response) => {
      response.on('close', () => open--)
      response.writeHead(200).write('begun')
      if (++open === 3) all()
    })
    const { port, outcomes } = await proxyTo(url)
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3)),
    )
    await arrived
    socket.destroy()
    while (open > 0 || outcomes.length < 3) await new Promise(setImmediate)
    expect(outcomes).toHaveLength(3)
  })

  it('leaves no connection behind where an upgrade is given up', async () => {
    let gone = () => {}
    const ended = new Promise<void>((resolve) => {
      gone = resolve
    })
    const { server, url } = await origin(echo)
    const { port, outcomes } = await proxyTo(url)
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ),
    )
    server.on('upgrade', (_, upstream) => {
      upstream.on('end', () => upstream.end(gone))
      upstream.resume()
      socket.destroy()
    })
    await ended
    while (outcomes.length === 0) await new Promise(setImmediate)
    expect(outcomes).toMatchObject([{ ok: false, isAborted: true }])
  })

  it('with a key that no header can carry is served all the same', async () => {
    const { url } = await origin(echo)
    for (const key of ['日本', 'a\r\nx-evil: 1']) {
      const { base } = await proxyTo(url, { keyOf: () => key })
      const { sent } = await seen(base)
      expect(sent).not.toHaveProperty('x-sluice-key')
      expect(sent).not.toHaveProperty('x-evil')
    }
  })
})

describe('an odd answer of an origin', () => {
  const answers: [string, string, string][] = [
    ['a reason that is not ASCII', '404 Nicht gef\xfcnden\r\nContent-Length: 0', '404'],
    ['a 304 that tells its length', '304 Not Modified\r\nContent-Length: 5', '304'],
  ]
  it.each(answers)('with %s reaches the client', async (_name, head, status) => {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${head}\r\n\r\n`, 'latin1'))
      socket.on('error', () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise((resolve) => server.close(resolve)))
    const { port: at } = server.address() as AddressInfo
    const { port, outcomes } = await proxyTo(`http://127.0.0.1:${at}`)
    const answer = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(outcomes).toMatchObject([{ ok: true, statusCode: Number(status) }])
  })
})

describe('a proxy that closes', () => {
  it('breaks off what does not end in time', async () => {
    const stable = await createArmServer('stable')
    cleanups.push(() => stable.close())
    const { proxy, base } = await proxyTo(stable.origin, { drainMs: 20 })
    const held = request(`${base}/hold`)
    const broken = expect(held).rejects.toThrow()
    await stable.held()
    await proxy.close()
    await broken
  })

  it('lets what is under way end, on connections that are kept alive too', async () => {
    const stable = await createArmServer('stable')
    cleanups.push(() => stable.close())
    const { proxy, base } = await proxyTo(stable.origin, { server: { keepAliveTimeout: 600_000 } })
    const held = request(`${base}/hold`)
    await stable.held()
    const closed = proxy.close()
    stable.release()
    const { body } = await held
    expect(await body.text()).toBe('stable')
    await closed
    await expect(request(base)).rejects.toThrow(/ECONNREFUSED/)
  })
})
