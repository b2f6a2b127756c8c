import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
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
