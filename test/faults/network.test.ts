import { setTimeout as sleep } from 'node:timers/promises'
import { type FlagClient, openFlags } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nats } from '../services/nats.ts'
import { type OpenStore, openStore, serveStore } from '../services/open-store.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const note = { actor: 'ann', reason: 'the network' }
const options = { environment: 'production', definitions: { page: {} }, pollMs: 500 }
/** Ends a test that hangs; how long it really takes is measured by `npm run bench:stores`. */
const waitMs = 30_000

/** One client writes straight to the server; the other one reads through a network that breaks. */
function suite(server: () => { readonly url: string; readonly port: number }) {
  let proxy: TcpProxy
  let writing: OpenStore
  let reading: OpenStore
  let writer: FlagClient
  let reader: FlagClient
  let percent = 0
  let logs = 0
  const errors: string[] = []
  const written: number[] = []

  beforeEach(async () => {
    percent = 0
    errors.length = 0
    written.length = 0
    proxy = await openTcpProxy(server().port)
    logs += 1
    writing = await openStore(server().url, `network${logs}`)
    writer = openFlags({ ...options, store: writing.store })
    await openReader()
    await writer.enable('page', note)
    await converge()
  })

  async function openReader(silenceMs?: number): Promise<void> {
    const through = new URL(server().url)
    through.port = String(proxy.port)
    reading = await openStore(through.href, `network${logs}`, silenceMs)
    reader = openFlags({ ...options, store: reading.store })
    reader.on('error', (error) => errors.push(error.code))
    await reader.ready()
  }

  afterEach(async () => {
    await Promise.all([writer.close(), reader.close()])
    await Promise.all([writing.close(), reading.close()])
    await proxy.close()
  })

  async function change(): Promise<void> {
    percent = (percent + 1) % 100
    await writer.setRollout('page', percent, note)
    written.push(percent)
  }

  async function converge(): Promise<void> {
    await change()
    await vi.waitFor(
      () => {
        expect(reader.replica.head).toEqual(writer.replica.head)
        expect(reader.snapshot().inspect('page')?.exposure?.rollout).toBe(percent)
        expect(reader.status).toBe('live')
      },
      { timeout: waitMs, interval: 20 },
    )
  }

  it('converges after two hundred resets', async () => {
    for (let round = 0; round < 200; round += 1) {
      proxy.cut()
      if (round % 20 === 0) await change()
      await sleep(10)
    }
    await converge()
    expect(proxy.accepted).toBeGreaterThan(3)
  })

  it('converges after a time in which every connection was refused', async () => {
    proxy.refuse(true)
    proxy.cut()
    await change()
    await vi.waitFor(() => expect(reader.status).toBe('cached'), { timeout: waitMs })
    expect(new Set(errors)).toEqual(new Set(['store_unreachable']))
    // The last known state, that is: before the change which it could not see.
    expect(reader.snapshot().inspect('page')?.exposure?.rollout).toBe(percent - 1)
    proxy.refuse(false)
    await converge()
  })

  it('sees that a black hole is one, and converges after it', async () => {
    proxy.blackHole(true)
    await change()
    await vi.waitFor(() => expect(reader.status).toBe('cached'), { timeout: waitMs })
    expect(new Set(errors)).toEqual(new Set(['store_unreachable']))
    proxy.blackHole(false)
    await converge()
  })

  it('leaves connections whose other end is gone', async () => {
    proxy.halfOpen()
    await converge()
  })

  it('converges over a network on which an answer takes five seconds', async () => {
    await reader.close()
    await reading.close()
    await openReader(15_000)
    await converge()
    proxy.delay(2_500)
    await converge()
  })

  it('takes over nothing that was corrupted on its way, and converges after it', async () => {
    // One of the drivers says on the console what it could not parse.
    vi.spyOn(console, 'log').mockReturnValue()
    proxy.corrupt(true)
    for (let round = 0; round < 10; round += 1) {
      await change()
      await sleep(50)
      expect(written).toContain(reader.snapshot().inspect('page')?.exposure?.rollout)
    }
    proxy.corrupt(false)
    proxy.cut()
    await converge()
  })
}

for (const kind of [redis, postgres, nats]) {
  describeWith(kind, `a reader of ${kind.name} behind a network that breaks`, suite)
}

describe('a reader over HTTP behind a network that breaks', () => {
  let served: Awaited<ReturnType<typeof serveStore>>
  beforeEach(async () => {
    served = await serveStore(createMemoryStore())
  })
  afterEach(() => served.close())
  suite(() => served)
})
