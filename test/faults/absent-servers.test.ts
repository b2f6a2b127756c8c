import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupLog, openFlags, restoreLog, verifyLog } from '@sluice/stores'
import { createRedisStore } from '@sluice/stores/redis'
import { createClient } from 'redis'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nats } from '../services/nats.ts'
import { type OpenStore, openStore } from '../services/open-store.ts'
import { postgres } from '../services/postgres.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'
import { openTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const note = { actor: 'ann', reason: 'a test' }
const waitMs = 30_000
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-absent-'))
})
afterEach(() => rm(directory, { recursive: true }))

for (const kind of [redis, postgres, nats]) {
  describeWith(kind, `a client that starts while ${kind.name} does not answer`, (service) => {
    let proxy: TcpProxy
    let opened: OpenStore[] = []
    const cache = () => join(directory, 'cache.json')

    beforeEach(async () => {
      proxy = await openTcpProxy(service().port)
      opened = []
    })
    afterEach(async () => {
      await Promise.all(opened.map(({ close }) => close()))
      await proxy.close()
    })

    function open(store: OpenStore['store'], file?: string) {
      return openFlags({
        store,
        environment: 'production',
        definitions: { page: { environments: ['production'] } },
        pollMs: 200,
        ...(file === undefined ? {} : { cache: file }),
      })
    }

    async function openThrough(): Promise<OpenStore['store']> {
      const url = new URL(service().url)
      url.port = String(proxy.port)
      const each = await openStore(url.href, 'absent')
      opened.push(each)
      return each.store
    }

    it('answers from its cache, or else as defined, and recovers by itself', async () => {
      const first = open(await openThrough(), cache())
      await first.ready()
      await first.enable('page', note)
      await first.setRollout('page', 100, note)
      await first.close()

      const stores = [await openThrough(), await openThrough()] as const
      proxy.refuse(true)
      proxy.cut()
      const cached = open(stores[0], cache())
      const bare = open(stores[1])
      // The cache is read before the store has been given up.
      await vi.waitFor(() => expect(cached.status).toBe('cached'), { timeout: waitMs, interval: 1 })
      expect(cached.isEnabled('page', 'ada')).toBe(true)
      expect(bare.isEnabled('page', 'ada')).toBe(false)
      expect(bare.status).toBe('bootstrap')
      expect(await bare.ready({ timeoutMs: 300 })).toBe(false)
      expect(await cached.ready({ timeoutMs: 0 })).toBe(false)

      proxy.refuse(false)
      for (const flags of [cached, bare]) {
        expect(await flags.ready({ timeoutMs: waitMs })).toBe(true)
        expect(flags.isEnabled('page', 'ada')).toBe(true)
      }
      await Promise.all([cached.close(), bare.close()])
    })
  })
}

describeWith(redis, 'a server that was taken back to an older backup', (service) => {
  it('is found out, followed anew and reported, with no half state', async () => {
    const client = createClient({ url: service().url })
    await client.connect()
    const store = createRedisStore({ client })
    const open = () =>
      openFlags({ store, environment: 'production', definitions: { page: {} }, pollMs: 100 })
    const writer = open()
    await writer.ready()
    await writer.enable('page', note)
    await writer.setRollout('page', 10, note)
    await backupLog(store, join(directory, 'log.jsonl'))
    await writer.setRollout('page', 60, note)
    await writer.setRollout('page', 70, note)
    await writer.close()

    const reader = open()
    await reader.ready()
    const seen: unknown[] = []
    reader.on('log.replaced', ({ from, to }) => seen.push([from.revision, to.revision]))
    reader.on('change', () => seen.push(reader.snapshot().inspect('page')?.exposure?.rollout))
    // A replica that looks in between finds an empty log, and keeps what it has.
    await client.flushAll()
    await vi.waitFor(() => expect(reader.status).toBe('cached'), { timeout: waitMs })
    expect(reader.snapshot().inspect('page')?.exposure?.rollout).toBe(70)
    const copy = createRedisStore({ client, prefix: 'restored' })
    await restoreLog(join(directory, 'log.jsonl'), copy)
    // Moved into place in one step, as a server with its old data begins.
    const keys = await client.keys('*')
    const moves = client.multi()
    for (const key of keys) moves.rename(key, key.replace('restored', 'sluice'))
    await moves.exec()

    await vi.waitFor(() => expect(reader.status).toBe('live'), { timeout: waitMs })
    expect(seen).toEqual([10, [4, 2]])
    expect(reader.replica.head.revision).toBe(2)
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 2 } })
    // And it goes on from there.
    await reader.setRollout('page', 20, note)
    expect(reader.replica.head.revision).toBe(3)
    await reader.close()
    await Promise.all([copy.close(), store.close()])
    client.destroy()
  })
})
