import type { RequestListener } from 'node:http'
import type net from 'node:net'
import { type Commit, refusalCodes } from '@sluice/stores'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { serveBytes, serveHttp } from '../services/http.ts'
import { chainOf, closeAll, failureOf, keep, open, until } from './http.fixture.ts'

afterEach(closeAll)

describe('an HTTP store before a hostile server', () => {
  const answer =
    (status: number, type: string, body: string, headers = {}): RequestListener =>
    (_, response) =>
      response.writeHead(status, { 'content-type': type, ...headers }).end(body)
  const json = (body: unknown, status = 200, headers = {}) =>
    answer(status, 'application/json', JSON.stringify(body), headers)
  const [one, two, three] = chainOf(3) as [Commit, Commit, Commit]

  const hostile: [string, RequestListener, string, RegExp][] = [
    ['a login page', answer(200, 'text/html', '<html>'), 'store_unreachable', /text\/html/],
    ['a page of a proxy', answer(502, 'text/html', '<h1>'), 'store_unreachable', /502/],
    [
      'HTML that claims to be JSON',
      answer(200, 'application/json', '<'),
      'store_unreachable',
      /JSON/,
    ],
    ['half of the JSON', answer(200, 'application/json', '{"comm'), 'store_unreachable', /JSON/],
    [
      'no UTF-8',
      (_, r) =>
        r.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.of(0x22, 0xff, 0x22)),
      'store_unreachable',
      /utf-8/i,
    ],
    ['nothing', answer(204, 'text/plain', ''), 'store_inconsistent', /page/],
    ['another shape', json([]), 'store_inconsistent', /page/],
    ['null', json(null), 'store_inconsistent', /page/],
    [
      'a gap',
      json({ commits: [one, three], more: false }),
      'store_inconsistent',
      /3 in place of 2/,
    ],
    [
      'another place',
      json({ commits: [two], more: false }),
      'store_inconsistent',
      /2 in place of 1/,
    ],
    [
      'more than asked for',
      json({ commits: [one, two, three], more: false }),
      'store_inconsistent',
      /3 commits/,
    ],
    [
      'a commit that is none',
      json({ commits: [one, { ...two, at: 'noon' }], more: false }),
      'corrupt_commit',
      /revision 2/,
    ],
    [
      'a redirect',
      answer(302, 'text/plain', '', { location: 'http://else/' }),
      'store_unreachable',
      /redirect.*else/,
    ],
    ['401', json({ code: 'unauthorized', message: 'no' }, 401), 'store_unauthorized', /401/],
    ['403', answer(403, 'text/html', 'x'), 'store_unauthorized', /403/],
    ['404', answer(404, 'text/html', 'x'), 'store_missing', /404/],
    ['413', answer(413, 'text/html', 'x'), 'store_inconsistent', /too large/],
    ['a bare 409', answer(409, 'text/html', 'x'), 'store_unreachable', /409/],
    [
      'a code with the wrong status',
      json({ code: 'store_full', message: 'x' }, 500),
      'store_unreachable',
      /500/,
    ],
    ['its store is full', json({ code: 'store_full', message: 'full' }, 507), 'store_full', /full/],
    [
      'compacted without a cut',
      json({ code: 'compacted', message: 'x' }, 410),
      'store_inconsistent',
      /cut/,
    ],
    [
      'a code of no log',
      json({ code: 'store_closed', message: 'x' }, 503),
      'store_unreachable',
      /503/,
    ],
    ['an answer without end', (_, r) => pour(r), 'store_unreachable', /longer than/],
    [
      'an answer that breaks off',
      (_, r) => {
        r.writeHead(200, { 'content-type': 'application/json' }).write('{"commits"', () =>
          r.destroy(),
        )
      },
      'store_unreachable',
      /did not answer/,
    ],
  ]

  function pour(response: Parameters<RequestListener>[1]): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(65_536, 0x20)
    const more = () => {
      while (!response.destroyed && response.write(chunk)) {
        // As much as it takes.
      }
    }
    response.on('drain', more)
    more()
  }

  it.each(hostile)(
    'names the cause where it is answered by %s',
    async (_, listener, code, text) => {
      const server = keep(await serveHttp(listener))
      const error = await failureOf(open(server).read(0, 2))
      expect(error).toMatchObject({ name: 'SluiceError', code })
      expect(error.message).toMatch(text)
      expect(error.message).toContain(server.url)
    },
  )

  it.each(hostile)('acknowledges no append that is answered by %s', async (_, listener, code) => {
    const server = keep(await serveHttp(listener))
    const error = await failureOf(open(server).append(one))
    // Only the log's own word, or that there is none, says that nothing was written.
    expect(refusalCodes.has(error.code)).toBe(code === 'store_missing' || code === 'store_full')
  })

  it.each<[string, string]>([
    ['fewer bytes than announced', 'Content-Length: 500\r\n\r\n{"commits":[],"more":false}'],
    ['a bad chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n'],
    ['chunks without an end', 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n'],
    ['no header end', 'X-Half: '],
  ])('takes %s for no answer', async (_, rest) => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
    const server = keep(
      await serveBytes((socket) => socket.once('data', () => socket.end(head + rest))),
    )
    const client = open(server)
    for (const trying of [client.read(0), client.append(one), client.readSnapshot()]) {
      expect(await failureOf(trying)).toMatchObject({ code: 'store_unreachable' })
    }
  })

  it.each<[string, (socket: net.Socket) => void]>([
    ['swallows everything', () => {}],
    [
      'drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
        const timer = setInterval(() => socket.write(' '), 5)
        socket.on('close', () => clearInterval(timer))
      },
    ],
  ])('gives up on a server that %s, in its own time', async (_, behave) => {
    const clock = createManualClock()
    let asked = 0
    const server = keep(
      await serveBytes((socket) =>
        socket.once('data', () => {
          asked += 1
          behave(socket)
        }),
      ),
    )
    const client = open(server, { clock, timeoutMs: 4_000 })
    for (const [index, call] of [() => client.read(0), () => client.append(one)].entries()) {
      const trying = failureOf(call())
      await until(() => asked > index)
      await clock.advance(4_000)
      expect(await trying).toMatchObject({
        code: 'store_unreachable',
        message: expect.stringContaining('4000 ms'),
      })
    }
    expect([asked, clock.pendingTimers]).toEqual([2, 0])
  })

  it('says when to come back, where the server does', async () => {
    const clock = createManualClock()
    for (const [status, header, expected] of [
      [429, '17', 17_000],
      [503, new Date(clock.now() + 90_000).toUTCString(), 90_000],
      [503, 'soon', undefined],
    ] as const) {
      const server = keep(await serveHttp(json({}, status, { 'retry-after': header })))
      const error = await failureOf(open(server, { clock }).read(0))
      expect(error).toMatchObject({ code: 'store_unreachable' })
      expect(error.retryAfterMs).toBe(expected)
    }
  })
})
