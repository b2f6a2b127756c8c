import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { answersListener } from '../answers.ts'
import { openFlags } from '../open-flags.ts'

/** More than the buffers of a connection hold. */
const large = 'x'.repeat(40_000)
const note = { actor: 'ada', reason: 'test' }
const definitions = {
  text: {
    ...{ enabled: true, environments: ['test'], split: { a: 100, b: 0 } },
    variants: { a: `a${large}`, b: `b${large}` },
  },
}

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close()
})

/** A real server, whose clock a test holds in its hand. */
async function serve() {
  const clock = createManualClock()
  const flags = openFlags({ store: createMemoryStore(), environment: 'test', definitions, clock })
  await flags.ready()
  const answers = answersListener(flags, {
    ...{ contextOf: () => 'ada', isPublic: () => true, heartbeatMs: 1_000, clock },
  })
  const server: Server = createServer(answers)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toClose.push(
    () => flags.close(),
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
    answers.close,
  )
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
  const open = async (): Promise<Socket> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n')
    toClose.push(() => socket.destroy())
    return socket
  }
  return { clock, flags, open, connections }
}

describe('a server of HTTP/2', () => {
  it('answers, streams, and notices who has left', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const flags = openFlags({ store, environment: 'test', definitions: { on: {} }, clock })
    await flags.ready()
    const answers = answersListener(flags, {
      ...{
        contextOf: () => 'ada',
        isPublic: () => true,
        events: ['purchase'],
        maxStreams: 1,
        clock,
      },
    })
    const server = createHttp2Server(answers as never).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    toClose.push(
      () => flags.close(),
      () => new Promise((resolve) => server.close(resolve)),
      () => session.destroy(),
      answers.close,
    )
    const ask = async (headers: Record<string, string>, body = '') => {
      const request = session.request({ ':path': '/answers', ...headers })
      if (body !== '') request.end(body)
      const [answer] = (await once(request, 'response')) as [{ readonly [name: string]: unknown }]
      return { request, status: answer[':status'] }
    }
    const warnings: string[] = []
    const hear = ({ message }: Error) => warnings.push(message)
    process.on('warning', hear)
    toClose.push(() => process.removeListener('warning', hear))
    const json = { 'content-type': 'application/json' }
    const batch = JSON.stringify({ targetingKey: 'ada', events: [['purchase']] })
    expect((await ask({})).status).toBe(200)
    expect((await ask({ ':method': 'POST', ...json }, batch)).status).toBe(204)
    const stream = await ask({ accept: 'text/event-stream' })
    expect(String((await once(stream.request, 'data'))[0])).toContain('event: beat')
    expect((await ask({ accept: 'text/event-stream' })).status).toBe(503)
    stream.request.close()
    await once(stream.request, 'close')
    expect((await ask({ accept: 'text/event-stream' })).status).toBe(200)
    // Node warns of headers that HTTP/2 does not have.
    expect(warnings).toEqual([])
  })
})

describe('clients that never read', () => {
  it('lose their connection, and cost nothing while they wait', async () => {
    const { clock, flags, open, connections } = await serve()
    const deaf = await Promise.all([open(), open(), open()])
    for (const socket of deaf) socket.pause().on('error', () => {})
    const reading = await open()
    let read = 0
    reading.on('data', (chunk) => {
      read += chunk.length
    })
    for (let turn = 0; (await connections()) > 1; turn += 1) {
      // Far beyond what the kernel may hold: a connection that stays is a failure, and not a large buffer.
      expect(turn).toBeLessThan(3_000)
      await flags.setSplit('text', turn % 2 === 0 ? { a: 0, b: 100 } : { a: 100, b: 0 }, note)
      await clock.advance(1_000)
      await new Promise(setImmediate)
    }
    const before = read
    await flags.setSplit('text', { a: 50, b: 50 }, note)
    await flags.setSplit('text', { a: 100, b: 0 }, note)
    await clock.advance(1_000)
    for (let turn = 0; turn < 100 && read === before; turn += 1) await new Promise(setImmediate)
    expect(read).toBeGreaterThan(before)
  })
})
