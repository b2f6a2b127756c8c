import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { until } from '../contracts/until.ts'
import { frameworks } from './frameworks.ts'
import { openShop, type Served, serve } from './shop.ts'

/** What happens, under which route, what the client gets, and how many errors that is. */
const endings: readonly (readonly [string, string, number | 'broken off', 0 | 1])[] = [
  ['a handler that answers', 'ok', 200, 0],
  ['a refusal of what the client asked', 'missing', 404, 0],
  ['a failure that the handler answers with', 'broken', 503, 1],
  ['an answer without a body', 'empty', 204, 0],
  ['a handler that throws', 'throw', 500, 1],
  ['a handler whose promise is rejected', 'reject', 500, 1],
  ['a stream that ends', 'stream', 200, 0],
  ['an error behind the headers', 'late', 'broken off', 1],
  ['a stream whose source breaks', 'upstream', 'broken off', 1],
  ['a stream that the server breaks off', 'cut', 'broken off', 1],
  ['a connection that the server breaks off at once', 'refuse', 'broken off', 1],
]

describe.each(frameworks)('a guard of requests in $name', ({ create, without = [] }) => {
  let shop: ReturnType<typeof openShop>
  let server: Served
  let entered: string[]

  beforeEach(async () => {
    shop = openShop()
    entered = []
    server = await serve(await create(shop.flags, (route) => entered.push(route)))
  })
  afterEach(async () => {
    await server.close()
    await shop.flags.close()
  })

  /** What stands in the counts once a request is counted. */
  async function counted() {
    await until(() => shop.counts().canary[0]! + shop.counts().stable[0]! > 0)
    return shop.counts()
  }

  it.each(endings.filter(([, route]) => !without.includes(route)))(
    'counts %s: /%s',
    async (_what, route, end, errors) => {
      // Hono's server says there what broke.
      const spoken = vi.spyOn(console, 'error').mockImplementation(() => {})
      expect(await server.call(route).end).toBe(end)
      expect(await counted()).toEqual({ canary: [1, errors], stable: [0, 0] })
      spoken.mockRestore()
    },
  )

  it('counts under the arm of the answer that it leaves for the handler', async () => {
    const texts: string[] = []
    for (const user of ['ann', 'bob']) {
      const response = await server.call('ok', { headers: { 'x-user': user } }).response
      texts.push((await response.setEncoding('utf8').toArray()).join(''))
    }
    expect(texts).toEqual(['true', 'false'])
    await until(() => shop.counts().stable[0] === 1)
    expect(shop.counts()).toEqual({ canary: [1, 0], stable: [1, 0] })
  })

  it('counts the user as the unit', async () => {
    for (let time = 0; time < 3; time += 1) await server.call('broken').end
    await until(() => shop.counts().canary[1] === 3)
    expect(shop.recorder.read().canary).toMatchObject({ units: 1, failedUnits: 1, errors: 3 })
  })

  it.each(['trouble', ''])('serves the old code to user "%s", uncounted', async (user) => {
    const { response } = server.call('ok', { headers: { 'x-user': user } })
    expect((await (await response).setEncoding('utf8').toArray()).join('')).toBe('false')
    await server.call('ok').end
    expect(await counted()).toEqual({ canary: [1, 0], stable: [0, 0] })
  })

  it('holds to the answer it gave, whatever becomes of the flag', async () => {
    const call = server.call('endless')
    await call.response
    await shop.flags.disable('newCheckout', { actor: 'ann', reason: 'a test' })
    call.sent.destroy()
    expect(await counted()).toEqual({ canary: [1, 0], stable: [0, 0] })
  })

  it.each([
    ['closes', (socket: Socket) => socket.destroy()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('counts by its status a stream whose client %s the connection', async (_how, leave) => {
    const call = server.call('endless')
    leave((await call.response).socket)
    await call.end
    expect(await counted()).toEqual({ canary: [1, 0], stable: [0, 0] })
  })

  it.each([
    ['closes', (socket: Socket) => socket.destroy()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('counts as an error what hangs until the client %s the connection', async (_how, leave) => {
    const call = server.call('hang')
    await until(() => entered.length > 0)
    leave(call.sent.socket!)
    expect(await call.end).toBe('broken off')
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })

  it('counts as one error what hangs for longer than the recorder allows', async () => {
    const call = server.call('hang')
    await until(() => entered.length > 0)
    shop.advance(29_999)
    expect(shop.counts().canary).toEqual([0, 0])
    shop.advance(1)
    expect(shop.counts().canary).toEqual([1, 1])
    call.sent.destroy()
    await call.end
    await server.call('ok').end
    await until(() => shop.counts().canary[0]! > 1)
    expect(shop.counts().canary).toEqual([2, 1])
  })

  it('measures to the end of the response', async () => {
    const call = server.call('endless')
    await call.response
    shop.advance(8_000)
    call.sent.destroy()
    await counted()
    const { latency } = shop.recorder.read().canary
    const other = openShop()
    other.recorder.record('canary', true, 8_000)
    expect(latency).toEqual(other.recorder.read().canary.latency)
    await other.flags.close()
  })

  it('counts each request of a connection that is kept', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    for (const route of ['ok', 'broken', 'empty', 'ok']) {
      const call = server.call(route, { agent })
      call.sent.once('socket', (socket) => sockets.add(socket))
      await call.end
    }
    expect(await server.call('ok', { agent, method: 'HEAD' }).end).toBe(200)
    await until(() => shop.counts().canary[0] === 5)
    expect(shop.counts()).toEqual({ canary: [5, 1], stable: [0, 0] })
    expect(sockets.size).toBe(1)
    agent.destroy()
  })
})
