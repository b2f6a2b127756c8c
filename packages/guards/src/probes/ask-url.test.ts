import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { check, type FetchUrl } from './index.ts'
import { bench, closeAfterEach } from './probes.fixture.ts'

const { open, tick } = bench
closeAfterEach()

describe('a check of a URL', () => {
  it('passes on its status and on no other, and follows no redirect', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      const status = Number(request.url?.slice(1, 4))
      response.writeHead(status, status === 302 ? { location: '/200' } : {})
      // A body without end: nobody waits for it.
      response.write('x')
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    open([
      check({ name: 'ok', url: `${url}/200?token=secret`, retries: 0 }),
      check({ name: 'down', url: `${url}/503`, retries: 0 }),
      check({ name: 'moved', url: `${url}/302`, retries: 0 }),
      check({ name: 'other', url: `${url}/404`, status: 404, retries: 0 }),
    ])
    bench.read()
    const readings = await expectReadings(4)
    expect(readings).toMatchObject({
      ok: { ok: true, because: `${url}/200 answered 200` },
      down: { ok: false, because: `${url}/503 answered 503, not 200` },
      moved: { ok: false, because: `${url}/302 answered 302, not 200` },
      other: { ok: true },
    })
    expect(seen.sort()).toEqual(['GET /200?token=secret', 'GET /302', 'GET /404', 'GET /503'])
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  })

  it('fails where the connection is refused', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => void server.close(resolve))
    open([check({ name: 'gone', url: `http://127.0.0.1:${port}/health`, retries: 0 })])
    bench.read()
    expect(await expectReadings(1)).toMatchObject({
      gone: { ok: false, because: `http://127.0.0.1:${port}/health refused the connection` },
    })
  })

  it('could not tell where the server hangs, and lets the connection go', async () => {
    let come!: (left: Promise<void>) => void
    const hasCome = new Promise<{ left: Promise<void> }>((resolve) => {
      come = (left) => resolve({ left })
    })
    const server = createServer((request) => {
      come(new Promise((resolve) => void request.on('close', resolve)))
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    open([check({ name: 'slow', url: `http://127.0.0.1:${port}/`, retries: 0 })])
    bench.read()
    const { left } = await hasCome
    await bench.clock.advance(5000)
    await left
    server.close()
    expect(bench.read()).toMatchObject({ slow: { unknown: 'no answer within 5 s' } })
  })

  it('says why it could not even ask', async () => {
    open([check({ name: 'c', url: 'http://127.0.0.1:1/', retries: 0 })])
    bench.read()
    expect(await expectReadings(1)).toMatchObject({
      c: { unknown: 'http://127.0.0.1:1/: bad port' },
    })
  })

  it.each([
    ['a name that cannot be resolved', 'ENOTFOUND'],
    ['a lookup that failed for now', 'EAI_AGAIN'],
    ['a connection cut off', 'ECONNRESET'],
  ])('could not tell with %s', async (_, code) => {
    const fetch: FetchUrl = () =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) }))
    open([check({ name: 'c', url: 'http://service/health', retries: 0 })], { fetch })
    expect(await tick()).toMatchObject({ c: { unknown: `http://service/health: ${code}` } })
  })

  /** Real answers come when they come: waits for them turn by turn of the event loop. */
  async function expectReadings(count: number) {
    await expect.poll(() => Object.keys(bench.read()).length, { timeout: 20_000 }).toBe(count)
    return bench.read()
  }
})
