import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import type { TrafficOutcome } from '../../packages/rollout/src/dispatcher.ts'
import { createSplitProxy } from '../../packages/rollout/src/proxy.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An origin, a proxy before it, and what they saw. */
async function startProxy(answer: Answer, sendTimeoutMs: number) {
  const outcomes: TrafficOutcome[] = []
  const origin = createServer(answer)
  const originPort = await listen(origin)
  const proxy = createSplitProxy({
    arms: { stable: { origins: [`http://127.0.0.1:${originPort}`] } },
    onOutcome: (outcome) => outcomes.push(outcome),
    sendTimeoutMs,
  })
  const server = createServer(proxy.handle)
  server.on('upgrade', proxy.handleUpgrade)
  const port = await listen(server)
  cleanups.push(() => proxy.close())
  return { origin, server, port, outcomes }
}

/** A client that asks, and reads nothing until it is told to. */
function ask(port: number, head = 'GET / HTTP/1.1\r\nHost: a\r\n'): Socket {
  const socket = connect(port, '127.0.0.1', () => socket.write(`${head}\r\n`))
  socket.pause()
  socket.on('error', () => {})
  cleanups.push(async () => socket.destroy())
  return socket
}

/** Writes what the system's buffers hold and a little more, so that what is written next waits. */
function fill(socket: Socket): void {
  while (socket.writableLength === 0) socket.write(Buffer.alloc(1_024))
}

/** More than any buffers on the way hold. */
const large = Buffer.alloc(32 * 1024 * 1024)
const chunk = Buffer.alloc(64 * 1024, 'a')

const endless: Answer = (_, response) => {
  Readable.from(forever()).pipe(response)
}

async function* forever() {
  for (;;) yield chunk
}

describe('a client that reads nothing of its answer', () => {
  it('is broken off after the limit, and lets the origin go', async () => {
    let left = () => {}
    const gone = new Promise<void>((resolve) => {
      left = resolve
    })
    const answer: Answer = (request, response) => {
      response.on('close', left)
      endless(request, response)
    }
    const { port, outcomes } = await startProxy(answer, 20)
    ask(port)
    await gone
    while (outcomes.length === 0) await new Promise(setImmediate)
    expect(outcomes).toMatchObject([{ ok: true, isAborted: true, statusCode: 200 }])
  })

  it('is broken off where the origin has long ended, too', async () => {
    const { server, port, outcomes } = await startProxy((_, response) => response.end('short'), 20)
    server.on('connection', fill)
    const connected = once(server, 'connection')
    ask(port)
    const [socket] = (await connected) as [Socket]
    await once(socket, 'close')
    expect(outcomes).toMatchObject([{ ok: true, isAborted: false }])
  })

  it('is broken off when its turn comes behind another answer of its connection', async () => {
    let first: ServerResponse | undefined
    const { server, port, outcomes } = await startProxy((request, response) => {
      if (request.url === '/first') first = response
      else endless(request, response)
    }, 20)
    let second: ServerResponse | undefined
    server.on('request', ({ url }, response) => {
      if (url !== '/second') return
      second = response.prependOnceListener('socket', (socket) => socket.write(large))
    })
    ask(port, 'GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n')
    while (!first || !second?.writableLength) await new Promise(setImmediate)
    first.end()
    while (outcomes.length < 2) await new Promise(setImmediate)
    expect(outcomes.map(({ isAborted }) => isAborted).sort()).toEqual([false, true])
  })

  it('is broken off after an upgrade, and after one that was declined', async () => {
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    const declining = await startProxy(endless, 20)
    const agreeing = await startProxy(endless, 20)
    agreeing.origin.on('upgrade', (_, socket) => {
      socket.on('error', () => {})
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      )
      Readable.from(forever()).pipe(socket)
    })
    for (const { server, port } of [declining, agreeing]) {
      const connected = once(server, 'connection')
      ask(port, upgrade)
      const [socket] = (await connected) as [Socket]
      socket.on('error', () => {})
      await new Promise((resolve) => socket.on('close', resolve))
    }
  })
})

describe('a client that reads', () => {
  it('is under no limit while nothing waits for it', async () => {
    let release = () => {}
    const { server, port } = await startProxy((_, response) => {
      for (let count = 0; count < 256; count++) response.write(chunk)
      release = () => response.end()
    }, 60_000)
    const connected = once(server, 'connection')
    const client = ask(port)
    const [socket] = (await connected) as [Socket]
    while (socket.timeout !== 60_000) await new Promise(setImmediate)
    let size = 0
    client.on('data', (data) => {
      size += data.length
    })
    client.resume()
    while (size < 256 * chunk.length) await new Promise(setImmediate)
    while (socket.writableLength > 0) await new Promise(setImmediate)
    expect(socket.timeout).toBe(0)
    release()
    await once(client, 'data')
  })

  it('has for ever with a limit of 0', async () => {
    const { server, port, outcomes } = await startProxy(endless, 0)
    const connected = once(server, 'connection')
    ask(port)
    const [socket] = (await connected) as [Socket]
    while (!socket.writableNeedDrain) await new Promise(setImmediate)
    expect(socket.timeout ?? 0).toBe(0)
    expect(outcomes).toEqual([])
  })
})
