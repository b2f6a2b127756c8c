import { guardRequests } from '@sluice/sdk/hono'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { createHonoApp } from './frameworks.ts'
import { openShop } from './shop.ts'

// As on Deno, Bun or a worker: Hono without a connection of Node's to look at.
describe('a guard of requests in Hono, away from Node', () => {
  let shop: ReturnType<typeof openShop>
  let entered: string[]
  beforeEach(() => {
    shop = openShop()
    entered = []
  })
  afterEach(() => shop.flags.close())

  const call = (route: string, { headers = {}, ...init }: RequestInit = {}) =>
    createHonoApp(shop.flags, (each) => entered.push(each)).request(`/${route}`, {
      ...{ ...init, headers: { 'x-user': 'ann', ...headers } },
    })

  it.each([
    ['ok', 200, 'true', 0],
    ['missing', 404, 'true', 0],
    ['broken', 503, 'true', 1],
    ['empty', 204, '', 0],
    ['throw', 500, '', 1],
    ['reject', 500, '', 1],
    ['stream', 200, 'one\ntwo\nthree\n', 0],
  ] as const)('counts what ends: /%s', async (route, status, text, errors) => {
    const response = await call(route)
    expect([response.status, await response.text()]).toEqual([status, text])
    expect(shop.counts()).toEqual({ canary: [1, errors], stable: [0, 0] })
  })

  it('leaves the response as it was', async () => {
    const { headers } = await call('ok')
    expect(headers.get('content-type')).toContain('text/plain')
  })

  it('reads a body only as far as somebody reads it', async () => {
    let pulls = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1
          controller.enqueue(new Uint8Array(1))
        },
      },
      { highWaterMark: 0 },
    )
    const app = new Hono()
    app.use(guardRequests(shop.flags, 'newCheckout', { user: () => 'ann' }))
    app.get('/', (c) => c.body(body))
    const response = await app.request('/')
    await new Promise((resolve) => setImmediate(resolve))
    expect(pulls).toBe(0)
    await response.body?.getReader().read()
    expect(pulls).toBe(1)
  })

  it('measures to the end of the body', async () => {
    const { body } = await call('endless')
    const reader = body!.getReader()
    await reader.read()
    expect(shop.counts().canary).toEqual([0, 0])
    shop.advance(8_000)
    await reader.cancel()
    const { latency } = shop.recorder.read().canary
    const other = openShop()
    other.recorder.record('canary', true, 8_000)
    expect(latency).toEqual(other.recorder.read().canary.latency)
    await other.flags.close()
  })

  it('counts as an error a body that breaks', async () => {
    const response = await call('upstream')
    await expect(response.text()).rejects.toThrow('upstream')
    expect(shop.counts().canary).toEqual([1, 1])
  })

  it('counts by its status a body that the client leaves', async () => {
    const { body } = await call('endless')
    await body!.cancel()
    expect(shop.counts().canary).toEqual([1, 0])
  })

  it('counts as an error what hangs until the client leaves', async () => {
    const client = new AbortController()
    void call('hang', { signal: client.signal })
    await until(() => entered.length > 0)
    client.abort()
    expect(shop.counts().canary).toEqual([1, 1])
  })

  it('takes no notice of a signal that ends with its request', async () => {
    const client = new AbortController()
    const response = await call('stream', { signal: client.signal })
    client.abort()
    await response.text()
    expect(shop.counts().canary).toEqual([1, 0])
  })

  it('does not count a web socket', async () => {
    const response = await call('ok', { headers: { upgrade: 'WebSocket' } })
    expect(await response.text()).toBe('true')
    shop.advance(30_000)
    expect(shop.counts().canary).toEqual([0, 0])
  })
})
