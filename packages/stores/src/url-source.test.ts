import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { on, useFlags } from './open-flags.fixture.ts'
import { type UrlSourceOptions, urlSource } from './url-source.ts'

let servers: (Server | net.Server)[] = []
let stops: (() => void)[] = []

afterEach(async () => {
  for (const stop of stops) stop()
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  }
  servers = []
  stops = []
})

async function listen(server: Server | net.Server): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
}

/** A server whose next answers a test sets. */
async function serve(first: RequestListener, path = '/flags') {
  const served = { answer: first, requests: [] as { url: string; headers: NodeJS.Dict<unknown> }[] }
  const server = createServer((request, response) => {
    served.requests.push({ url: request.url ?? '', headers: request.headers })
    served.answer(request, response)
  })
  const origin = await listen(server)
  return Object.assign(served, { origin, url: origin + path })
}

const answer =
  (status: number, body: string | Buffer, headers: NodeJS.Dict<string> = {}): RequestListener =>
  (_, response) => {
    const length = String(Buffer.byteLength(body))
    response.writeHead(status, { 'content-length': length, ...headers }).end(body)
  }

const json = (flags: object) => JSON.stringify({ version: 1, flags })
const document = (flags: object, headers = {}) =>
  answer(200, json(flags), { 'content-type': 'application/json', ...headers })

/** A server that keeps tags as they are meant to be kept. */
const tagged =
  (flags: object, etag: string): RequestListener =>
  (request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else document(flags, { etag })(request, response)
  }

/** Follows a URL, and tells what came of each look. */
function follow(url: string, options: UrlSourceOptions = {}) {
  const clock = createManualClock()
  const heard: string[] = []
  const errors: (Error & { code?: string })[] = []
  const pauses: number[] = []
  const watched = {
    now: clock.now,
    after: ((delayMs, wake, how) => {
      // Whatever nobody awaits is the pause until the next look.
      if (!how?.keepsAlive) pauses.push(delayMs)
      return clock.after(delayMs, wake, how)
    }) as ManualClock['after'],
  }
  const stop = urlSource(url, { clock: watched, random: () => 1, ...options }).start({
    accept: ({ flags }) => heard.push(Object.keys(flags).join(' ')),
    report: (error) => {
      errors.push(error)
      heard.push(error.code)
    },
  })
  stops.push(stop)
  let looks = 0
  return {
    ...{ clock, heard, errors, pauses, stop },
    /** Waits for the end of a look, and begins the next one. */
    async look(times = 1) {
      for (let count = 0; count < times; count += 1) {
        if (looks > 0) await clock.advance(pauses.at(-1) ?? 0)
        looks += 1
        await until(() => pauses.length === looks)
      }
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; round < 5_000; round += 1) {
    if (condition()) return
    await sleep(2)
  }
  expect.fail('the condition never held')
}

describe('a definitions URL', () => {
  it.each([
    ['JSON', json({ a: {} }), 'application/json', '/flags'],
    ['JSON of a finer type', json({ a: {} }), 'application/vnd.sluice+json; charset=utf-8', '/x'],
    ['JSON by its name', json({ a: {} }), 'application/octet-stream', '/flags.json'],
    ['JSON of no type', json({ a: {} }), '', '/flags'],
    ['YAML', 'version: 1\nflags: { a: {} }', 'application/yaml', '/flags'],
    ['YAML as plain text', 'version: 1\nflags:\n  a: {}\n', 'text/plain', '/flags.yaml'],
  ])('gives %s', async (_, body, type, path) => {
    const server = await serve(answer(200, body, type === '' ? {} : { 'content-type': type }), path)
    const source = follow(server.url)
    await source.look()
    expect([source.heard, source.errors]).toEqual([['a'], []])
  })

  it('costs an empty answer while it is unchanged', async () => {
    const server = await serve(tagged({ a: {} }, '"1"'))
    const source = follow(server.url)
    await source.look(3)
    server.answer = tagged({ b: {} }, 'W/"2"')
    await source.look(2)
    expect(source.heard).toEqual(['a', 'b'])
    const asked = server.requests.map(({ headers }) => headers['if-none-match'])
    expect(asked).toEqual([undefined, '"1"', '"1"', '"1"', 'W/"2"'])
  })

  it('is not taken anew where the server has no tags', async () => {
    const server = await serve(document({ a: {} }))
    const source = follow(server.url)
    await source.look(3)
    server.answer = document({ b: {} })
    await source.look(2)
    expect(source.heard).toEqual(['a', 'b'])
  })

  it('is looked at after 50 to 100 percent of the time', async () => {
    const server = await serve(document({ a: {} }))
    for (const [random, pauseMs] of [
      [0, 10_000],
      [0.5, 15_000],
      [1, 20_000],
    ] as const) {
      const source = follow(server.url, { pollMs: 20_000, random: () => random })
      await source.look(2)
      expect(source.pauses).toEqual([pauseMs, pauseMs])
    }
    const usual = follow(server.url)
    await usual.look()
    expect(usual.pauses).toEqual([30_000])
  })

  it('sends the given headers', async () => {
    const server = await serve(document({ a: {} }))
    await follow(server.url, { headers: { authorization: 'Bearer x' } }).look()
    expect(server.requests[0]?.headers.authorization).toBe('Bearer x')
  })

  it('is named without its query, which may hold a key', async () => {
    const server = await serve(answer(404, ''), '/flags?key=secret')
    const source = follow(server.url)
    await source.look()
    expect(server.requests[0]?.url).toBe('/flags?key=secret')
    expect(source.errors[0]?.message).toContain(`${server.origin}/flags is not there`)
    expect(source.errors[0]?.message).not.toContain('secret')
  })

  const html = { 'content-type': 'text/html' }
  const jsonType = { 'content-type': 'application/json' }
  const bad: [string, RequestListener, string, RegExp][] = [
    ['401', answer(401, ''), 'definitions_unauthorized', /401/],
    ['403', answer(403, '<h1>', html), 'definitions_unauthorized', /403/],
    ['404', answer(404, '<h1>', html), 'definitions_missing', /404/],
    ['429', answer(429, ''), 'definitions_unreachable', /429/],
    ['503', answer(503, '<h1>', html), 'definitions_unreachable', /503/],
    ['418', answer(418, ''), 'definitions_unreadable', /418/],
    ['204', answer(204, ''), 'definitions_unreadable', /204/],
    ['206', answer(206, json({ x: {} }), jsonType), 'definitions_unreadable', /206/],
    ['a login page', answer(200, '<html>', html), 'definitions_unreadable', /HTML/],
    [
      'a page that claims to be JSON',
      answer(200, ' <html>', jsonType),
      'definitions_unreadable',
      /HTML/,
    ],
    [
      'YAML that claims to be JSON',
      answer(200, 'version: 1', jsonType),
      'definitions_unreadable',
      /JSON/,
    ],
    ['no UTF-8', answer(200, Buffer.of(0x7b, 0xff), jsonType), 'definitions_unreadable', /UTF-8/],
    [
      'half of the JSON',
      answer(200, json({ x: {} }).slice(0, 25), jsonType),
      'invalid_text',
      /cannot be read/,
    ],
    ['a bad flag', document({ x: { rollout: 101 } }), 'out_of_range', /101/],
    [
      'too much',
      answer(200, Buffer.alloc(10 * 1024 * 1024 + 1, 0x20), jsonType),
      'document_too_large',
      /10485760/,
    ],
    [
      'a redirect in a circle',
      answer(302, '', { location: '/flags' }),
      'definitions_unreadable',
      /circle/,
    ],
    [
      'a redirect to nowhere',
      answer(302, '', { location: 'http://' }),
      'definitions_unreadable',
      /no URL/,
    ],
    [
      'a redirect out of HTTP',
      answer(302, '', { location: 'file:///etc/passwd' }),
      'definitions_unreadable',
      /file:/,
    ],
    ['a redirect without a target', answer(302, ''), 'definitions_unreadable', /302/],
    [
      'a body that breaks off',
      (_, r) => {
        r.writeHead(200, { ...jsonType, 'content-length': '500' }).write('{"version', () =>
          r.destroy(),
        )
      },
      'definitions_unreachable',
      /no whole answer/,
    ],
    ['a closed door', (_, r) => r.destroy(), 'definitions_unreachable', /no whole answer/],
  ]

  it.each(bad)(
    'that answers %s is reported once; the one before stays',
    async (_, listener, code, text) => {
      const server = await serve(tagged({ a: {} }, '"a"'))
      const source = follow(server.url)
      await source.look(2)
      server.answer = listener
      await source.look(3)
      expect(source.heard).toEqual(['a', code])
      expect(source.errors[0]?.message).toMatch(text)
      expect(source.errors[0]?.message).toContain(server.url)
      server.answer = tagged({ b: {} }, '"b"')
      await source.look(2)
      // Again, and it is said again.
      server.answer = listener
      await source.look(2)
      server.answer = tagged({ c: {} }, '"c"')
      await source.look()
      expect(source.heard).toEqual(['a', code, 'b', code, 'c'])
    },
  )

  it('does not keep the tag of half a document', async () => {
    const server = await serve(answer(200, json({ a: {} }).slice(0, 20), { etag: '"a"' }))
    const source = follow(server.url)
    await source.look()
    server.answer = tagged({ a: {} }, '"a"')
    await source.look()
    expect(source.heard).toEqual(['invalid_text', 'a'])
  })

  it('takes no YAML whose end nobody has seen', async () => {
    const body =
      'HTTP/1.1 200 OK\r\nContent-Type: text/yaml\r\nConnection: close\r\n\r\nversion: 1\n'
    const url = await listen(
      net.createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(body))
      }),
    )
    const source = follow(url)
    await source.look()
    expect(source.errors).toMatchObject([
      { code: 'definitions_unreadable', message: expect.stringContaining('half may be missing') },
    ])
  })

  it.each<[string, string]>([
    ['swallows everything', ''],
    ['breaks off in the middle', 'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"version"'],
  ])('is given up after ten seconds where its server %s', async (_, text) => {
    let asked = 0
    const url = await listen(
      net.createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => {
          asked += 1
          socket.write(text)
        })
      }),
    )
    const source = follow(url)
    for (let count = 1; count <= 2; count += 1) {
      await until(() => asked === count)
      expect(source.pauses.length).toBe(count - 1)
      await source.clock.advance(10_000)
      await until(() => source.pauses.length === count)
      await source.clock.advance(source.pauses.at(-1)!)
    }
    expect(source.errors).toMatchObject([
      { code: 'definitions_unreachable', message: expect.stringContaining('10000 ms') },
    ])
  })

  it('is asked ever less often while it fails, at least every five minutes, for ever', async () => {
    const server = await serve(answer(500, ''))
    const source = follow(server.url, { pollMs: 20_000 })
    await source.look(8)
    expect(source.pauses.map((pauseMs) => pauseMs / 1_000)).toEqual([
      ...[40, 80, 160, 300, 300, 300, 300, 300],
    ])
    server.answer = document({ a: {} })
    await source.look(2)
    expect(source.pauses.slice(-2)).toEqual([20_000, 20_000])
    expect(source.heard).toEqual(['definitions_unreachable', 'a'])
    const slow = follow((await serve(answer(500, ''))).url, { pollMs: 3_600_000 })
    await slow.look(3)
    expect(slow.pauses).toEqual([3_600_000, 3_600_000, 3_600_000])
  })

  it('keeps to Retry-After, within five minutes', async () => {
    const server = await serve(answer(503, '', { 'retry-after': '100' }))
    const source = follow(server.url, { pollMs: 1_000 })
    await source.look()
    server.answer = answer(429, '', { 'retry-after': '99999999' })
    await source.look()
    const inTwoMinutes = new Date(source.clock.now() + 300_000 + 120_000).toUTCString()
    server.answer = answer(503, '', { 'retry-after': inTwoMinutes })
    await source.look()
    server.answer = document({ a: {} })
    await source.look()
    expect(source.pauses).toEqual([100_000, 300_000, 120_000, 1_000])
  })

  it('follows redirects, and keeps its credentials to its own origin', async () => {
    const other = await serve(document({ a: {} }))
    const server = await serve((request, response) => {
      const location = request.url === '/flags' ? '/moved' : other.url
      response.writeHead(307, { location }).end()
    })
    const source = follow(server.url, { headers: { authorization: 'Bearer x' } })
    await source.look()
    expect(source.heard).toEqual(['a'])
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer x',
      'Bearer x',
    ])
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it('is left alone once it was stopped, a look under way too', async () => {
    const server = await serve(() => {})
    const source = follow(server.url)
    await until(() => server.requests.length === 1)
    source.stop()
    source.stop()
    await until(() => source.clock.pendingTimers === 0)
    await source.clock.advance(3_600_000)
    expect([source.heard, server.requests.length]).toEqual([[], 1])
  })

  it.each(['ftp://x/flags', 'flags.json', 'http://ann:secret@x/flags'])('is not %j', (url) => {
    expect(() => urlSource(url)).toThrowError(
      expect.objectContaining({
        code: 'invalid_url',
        message: expect.not.stringContaining('secret'),
      }),
    )
  })
})

describe('flags from a definitions URL', () => {
  const fixture = useFlags({ beforeEach, afterEach })

  it('come into service, and a document that does not fit is reported', async () => {
    const server = await serve(document({ a: on }))
    const heard = await fixture.live({
      definitionsFrom: urlSource(server.url, { clock: fixture.clock }),
    })
    await until(() => heard.client.isEnabled('a', 'ada'))
    expect(heard.client.explain('a', 'ada').origin).toBe(server.url)
    server.answer = document({ a: { ...on, prerequisites: ['missing'] } })
    await until(() => {
      void fixture.clock.advance(1_000)
      return heard.errors.length > 0
    })
    expect(heard.errors).toMatchObject([{ code: 'missing_flag', flag: 'a' }])
    expect(heard.client.isEnabled('a', 'ada')).toBe(true)
  })
})
