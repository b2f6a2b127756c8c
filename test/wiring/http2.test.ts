import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { guardRequests } from '@sluice/sdk/fastify'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { endless } from './routes.ts'
import { openShop } from './shop.ts'

describe('a guard of requests over HTTP/2', () => {
  let shop: ReturnType<typeof openShop>
  let app: ReturnType<typeof createApp>
  let socket: Socket
  let session: ClientHttp2Session
  let entered = 0

  function createApp() {
    const created = fastify({ http2: true })
    created.register(guardRequests(shop.flags, 'newCheckout', { user: () => 'ann' }))
    created.get('/ok', () => 'ok')
    created.get('/broken', (_request, reply) => reply.code(503).send('broken'))
    created.get('/endless', (_request, reply) => reply.send(endless()))
    created.get('/cut', (_request, reply) => {
      setTimeout(() => reply.raw.destroy(), 5)
      return reply.send(endless())
    })
    created.get('/late', (_request, reply) => {
      const stream = new Readable({ read() {} })
      stream.push('one')
      setTimeout(() => stream.destroy(new Error('late')), 5)
      return reply.send(stream)
    })
    created.get('/hang', () => {
      entered += 1
      return new Promise(() => {})
    })
    return created
  }

  beforeEach(async () => {
    shop = openShop()
    app = createApp()
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    socket = connectSocket(port, '127.0.0.1')
    session = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket })
    session.on('error', () => {})
  })
  afterEach(async () => {
    session.destroy()
    await app.close()
    await shop.flags.close()
  })

  const call = (path: string) => {
    const stream = session.request({ ':path': path })
    stream.on('error', () => {})
    return stream.resume()
  }
  async function counted() {
    await until(() => shop.counts().canary[0]! > 0)
    return shop.counts().canary
  }

  it.each([
    ['/ok', 0],
    ['/broken', 1],
    ['/cut', 1],
    ['/late', 1],
  ] as const)('counts what ends: %s', async (path, errors) => {
    await once(call(path), 'close')
    expect(await counted()).toEqual([1, errors])
  })

  it.each<readonly [string, (stream: ReturnType<typeof call>) => void, number]>([
    ['its stream', (stream) => stream.close(constants.NGHTTP2_CANCEL), 0],
    ['its session', () => session.destroy(), 0],
    ['the connection', () => socket.destroy(), 0],
    // Node does not tell that from an error of the server's own.
    ['the connection with a reset', () => socket.resetAndDestroy(), 1],
  ])('counts what began well and whose client closes %s', async (_what, leave, errors) => {
    const stream = call('/endless')
    await once(stream, 'response')
    leave(stream)
    expect(await counted()).toEqual([1, errors])
  })

  it.each<readonly [string, (stream: ReturnType<typeof call>) => void]>([
    ['its stream', (stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['its session', () => session.destroy()],
    ['the connection', () => socket.destroy()],
    ['the connection with a reset', () => socket.resetAndDestroy()],
  ])('counts as an error what hangs until the client closes %s', async (_what, leave) => {
    const before = entered
    const stream = call('/hang')
    await until(() => entered > before)
    leave(stream)
    expect(await counted()).toEqual([1, 1])
  })
})
