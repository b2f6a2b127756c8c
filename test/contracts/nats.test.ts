import { jetstream } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { createReplica, genesis, type Store, sealSnapshot, verifyLog } from '@sluice/stores'
import {
  createNatsStore,
  type JetStreamLike,
  type NatsConnectionLike,
  type NatsStore,
} from '@sluice/stores/nats'
import { storeContract } from '@sluice/stores/testing'
import { afterAll, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { nats } from '../services/nats.ts'
import { describeWith } from '../services/service.ts'
import { chainOf, commitAfter } from './commits.ts'
import { useBus } from './nats.fixture.ts'

const opened: { store: NatsStore; connection: NatsConnection }[] = []

afterAll(async () => {
  for (const { connection } of opened) await connection.close()
})

describeWith(nats, 'the NATS store on a server', (service) => {
  const { newName, open, create } = useBus(service)

  const names = new Map<Store, string>()
  const openOnly = async (name: string) => {
    const connection = await connect({ servers: service().url })
    const store = createNatsStore({ connection, jetstream: jetstream(connection), name })
    opened.push({ store, connection })
    names.set(store, name)
    return store
  }

  storeContract(
    'nats',
    {
      async create() {
        const store = await openOnly(newName())
        await store.createStreams()
        return store
      },
      reopen: (store) => openOnly(names.get(store)!),
    },
    { describe, it },
  )

  it('takes the client of @nats-io as it is', () => {
    expectTypeOf<NatsConnection>().toExtend<NatsConnectionLike>()
    expectTypeOf<ReturnType<typeof jetstream>>().toExtend<JetStreamLike>()
  })

  it('commits of four processes at once end at 400 without a gap', async () => {
    const name = newName()
    await create(name)
    const replicas = await Promise.all(
      [1, 2, 3, 4].map(async () => createReplica({ store: (await open(name)).store })),
    )
    await Promise.all(
      replicas.map(async (replica, writer) => {
        for (let count = 1; count <= 100; count += 1) {
          const changes = [{ key: `writer/${writer}`, value: count }]
          await replica.commit({ actor: 'ann', action: 'count', reason: 'a test', changes })
        }
      }),
    )
    const { store } = await open(name)
    const check = await verifyLog(store)
    expect(check).toMatchObject({ ok: true, head: { revision: 400 } })
    const reader = createReplica({ store })
    await reader.refresh()
    for (const writer of [0, 1, 2, 3]) expect(reader.get(`writer/${writer}`)?.value).toBe(100)
    await Promise.all([...replicas, reader].map((replica) => replica.close()))
  })

  it('keeps logs apart whose names look alike', async () => {
    const [commit, other] = chainOf(2)
    const stores = await Promise.all(
      ['Größe-旗_$1', 'log', 'log-log', 'state-log', 'exchange'].map(
        async (name) => (await create(name)).store,
      ),
    )
    for (const store of stores) {
      expect(await store.read(0)).toEqual([])
      await store.append(commit!)
      await store.exchange.publish('one', 1, 60_000)
    }
    await stores[1]!.append(other!)
    await stores[1]!.writeSnapshot(sealSnapshot(other!, [], 1))
    expect(await stores[1]!.compact({ keepAfter: 1 })).toMatchObject({ dropped: 1 })
    for (const store of [stores[0]!, ...stores.slice(2)]) {
      expect(await store.read(0)).toEqual([commit])
      expect(await store.readSnapshot()).toBeUndefined()
      expect(await store.exchange.collect('')).toHaveLength(1)
    }
  })

  it.each(['', 'a.b', 'a b', 'a*', 'a>', 'a/b', 'a\\b', 'a\u0000', '旗'.repeat(67)])(
    'refuses the name %j',
    async (name) => {
      const connection = {} as NatsConnection
      const opening = () => createNatsStore({ connection, jetstream: {} as never, name })
      expect(opening).toThrow(expect.objectContaining({ code: 'invalid_option' }))
    },
  )

  describe('its streams', () => {
    it('are missing until they are made, once, by whomever', async () => {
      const name = newName()
      const [{ store }, other] = [await open(name), await open(name)]
      const [commit] = chainOf(1)
      const missing = { code: 'store_missing', message: expect.stringContaining('createStreams') }
      await expect(store.read(0)).rejects.toMatchObject(missing)
      await expect(store.append(commit!)).rejects.toMatchObject(missing)
      await expect(store.readSnapshot()).rejects.toMatchObject(missing)
      await expect(store.exchange.publish('a', 1, 1_000)).rejects.toMatchObject(missing)
      await expect(store.exchange.collect('')).rejects.toMatchObject(missing)
      await Promise.all([store.createStreams(), other.store.createStreams(), store.createStreams()])
      await store.append(commit!)
      await other.store.createStreams()
      expect(await store.read(0)).toEqual([commit])
    })

    it('are missed by an append when they go, and nothing was written', async () => {
      const { store, streams } = await create('goes')
      await store.append(chainOf(1)[0]!)
      await streams.delete('sluice-log-goes')
      await expect(store.append(chainOf(2)[1]!)).rejects.toMatchObject({ code: 'store_missing' })
    })

    it('keep the size that an operator gave them', async () => {
      const name = newName()
      const { store, streams } = await open(name)
      await store.createStreams({ maxBytes: 100_000 })
      await store.createStreams({ storage: 'memory' })
      const { config } = await streams.info(`sluice-log-${name}`)
      expect(config).toMatchObject({ max_bytes: 100_000, storage: 'file' })
    })

    it.each([
      ['max_age', { max_age: 3_600_000_000_000 }],
      ['max_msgs', { max_msgs: 1_000 }],
      ['discard', { discard: 'old' as const }],
      ['subjects', { subjects: ['sluice.NAME.commits', 'sluice.NAME.more'] }],
    ])('are refused where their %s would break the log', async (key, change) => {
      const name = newName()
      const { streams } = await create(name)
      const log = `sluice-log-${name}`
      const settings = JSON.parse(JSON.stringify(change).replaceAll('NAME', name))
      const { store } = await open(name)
      expect(await store.read(0)).toEqual([])
      await streams.update(log, settings)
      const later = (await open(name)).store
      const refusal = { code: 'store_unsupported', message: expect.stringContaining(key) }
      await expect(later.read(0)).rejects.toMatchObject(refusal)
      await expect(later.append(chainOf(1)[0]!)).rejects.toMatchObject(refusal)
      await expect(later.createStreams()).rejects.toMatchObject(refusal)
    })

    it('refuse an append when they are full, and drop nothing', async () => {
      const { store } = await open(newName())
      await store.createStreams({ maxBytes: 3_000 })
      const commits = chainOf(20)
      const fill = async () => {
        for (const commit of commits) await store.append(commit)
      }
      await expect(fill()).rejects.toMatchObject({ code: 'store_full' })
      const kept = await store.read(0)
      expect(kept.length).toBeGreaterThan(2)
      expect(kept).toEqual(commits.slice(0, kept.length))
    })
  })

  describe('what is damaged', () => {
    it.each(['not JSON', '{}', JSON.stringify(chainOf(1)[0])])(
      'is a corrupt commit: %s',
      async (text) => {
        const name = newName()
        const { store, client } = await create(name)
        const [first] = chainOf(1)
        await store.append(first!)
        await client.publish(`sluice.${name}.commits`, text)
        await expect(store.read(0)).rejects.toMatchObject({
          code: 'corrupt_commit',
          message: expect.stringContaining('Revision 2 '),
        })
        expect(await store.read(0, 1)).toEqual([first])
      },
    )

    it('is a missing commit where no compaction dropped it', async () => {
      const name = newName()
      const { store, streams } = await create(name)
      const commits = chainOf(3)
      for (const commit of commits) await store.append(commit)
      await streams.purge(`sluice-log-${name}`, { seq: 2 })
      await expect(store.read(0)).rejects.toMatchObject({
        code: 'missing_commit',
        message: expect.stringContaining('Revision 1 '),
      })
      expect(await store.read(1)).toEqual(commits.slice(1))
    })

    it('is not made worse by a compaction of a log that was restored shorter than its cut', async () => {
      const name = newName()
      const { store, streams } = await create(name)
      const commits = chainOf(6)
      for (const commit of commits) await store.append(commit)
      await store.writeSnapshot(sealSnapshot(commits[5]!, [], 1))
      await store.compact({ keepAfter: 5 })
      await streams.delete(`sluice-log-${name}`)
      await store.createStreams()
      for (const commit of commits.slice(0, 2)) await store.append(commit)
      expect(await store.compact({ keepAfter: 5 })).toMatchObject({ dropped: 0 })
      expect(await store.read(0)).toEqual(commits.slice(0, 2))
    })

    it('can be finished where a compaction was interrupted', async () => {
      const name = newName()
      const { store, client } = await create(name)
      const commits = chainOf(6)
      for (const commit of commits) await store.append(commit)
      const cut = { revision: 4, hash: commits[3]!.hash }
      await client.publish(`sluice.${name}.cut`, JSON.stringify(cut))
      expect(await store.read(0)).toEqual(commits)
      expect(await store.compact({ keepAfter: 4 })).toEqual({ cut, dropped: 4 })
      await expect(store.read(0)).rejects.toMatchObject({ code: 'compacted', cut })
    })
  })

  describe('a snapshot', () => {
    /** Of about the given number of megabytes. */
    const snapshotOf = (revision: number, megabytes: number) =>
      sealSnapshot(
        { revision, hash: 'a'.repeat(64) },
        Array.from({ length: megabytes * 10 }, (_, at) => ({
          key: `k${String(at).padStart(4, '0')}`,
          value: `${revision} Grüße 旗 `.repeat(5_000),
          revision: 1,
        })),
        5,
      )

    it('may be larger than a message', async () => {
      const name = newName()
      const { store, streams } = await create(name)
      const [first, second] = [snapshotOf(1, 4), snapshotOf(2, 4)]
      await store.writeSnapshot(first)
      expect(await store.readSnapshot()).toEqual(first)
      const { state } = await streams.info(`sluice-state-${name}`)
      expect(state.messages).toBeGreaterThan(4)
      await store.writeSnapshot(second)
      expect(await (await open(name)).store.readSnapshot()).toEqual(second)
      // The first one has gone.
      expect((await streams.info(`sluice-state-${name}`)).state.messages).toBe(state.messages)
    })

    it('stays until the next one is whole, whatever is left behind', async () => {
      const name = newName()
      const { store, client, streams } = await create(name)
      const [first, second] = [snapshotOf(1, 2), snapshotOf(2, 2)]
      await store.writeSnapshot(first)
      await client.publish(`sluice.${name}.snapshot.part`, 'of a writer that died')
      expect(await store.readSnapshot()).toEqual(first)
      const { state } = await streams.info(`sluice-state-${name}`)
      await store.writeSnapshot(second)
      expect(await store.readSnapshot()).toEqual(second)
      expect((await streams.info(`sluice-state-${name}`)).state.messages).toBe(state.messages - 1)
    })

    it('is the newest, whole at every moment, however many write at once', async () => {
      const name = newName()
      await create(name)
      const writers = await Promise.all([3, 1, 4, 2].map(() => open(name)))
      const reader = (await open(name)).store
      let isWriting = true
      const writing = Promise.all(
        writers.map(({ store }, at) => store.writeSnapshot(snapshotOf(at + 1, 2))),
      ).finally(() => {
        isWriting = false
      })
      let newest = 0
      while (isWriting) {
        const revision = (await reader.readSnapshot())?.revision ?? 0
        expect(revision).toBeGreaterThanOrEqual(newest)
        newest = revision
      }
      await writing
      expect(await reader.readSnapshot()).toEqual(snapshotOf(4, 2))
    })

    it.each([
      ['a part of it is missing', 1],
      ['its mark is no mark', 0],
    ])('is corrupt where %s, and the next one mends it', async (_, isPart) => {
      const name = newName()
      const { store, streams, client } = await create(name)
      await store.writeSnapshot(snapshotOf(2, 2))
      if (isPart) await streams.deleteMessage(`sluice-state-${name}`, 2)
      else await client.publish(`sluice.${name}.snapshot.whole`, 'no mark')
      await expect(store.readSnapshot()).rejects.toMatchObject({ code: 'corrupt_snapshot' })
      await store.writeSnapshot(snapshotOf(2, 2))
      expect(await store.readSnapshot()).toEqual(snapshotOf(2, 2))
    })
  })

  describe('its exchange', () => {
    it('takes the longest key of every character', async () => {
      const { exchange } = (await create()).store
      const keys = ['A-z_0.9=/', './', '//..', '=', `${'x.'.repeat(99)}/x`]
      for (const key of keys) await exchange.publish(key, key, 60_000)
      const found = await exchange.collect('')
      expect(found).toEqual([...keys].sort().map((key) => ({ key, value: key })))
      expect(await exchange.collect('x.x')).toHaveLength(1)
    })

    it('tells ages by the clock of the server, whatever the processes think', async () => {
      const name = newName()
      const [one, other] = [(await create(name)).store, (await open(name)).store]
      const { now } = Date
      const clock = vi.spyOn(Date, 'now')
      try {
        clock.mockImplementation(() => now() - 3_600_000)
        await one.exchange.publish('lease', 1, 60_000)
        clock.mockImplementation(() => now() + 3_600_000)
        expect(await other.exchange.collect('')).toEqual([{ key: 'lease', value: 1 }])
      } finally {
        clock.mockRestore()
      }
    })

    it('sweeps what is over, and keeps what took its place', async () => {
      const name = newName()
      const { store, streams } = await create(name)
      for (let at = 0; at < 50; at += 1) await store.exchange.publish(`k/${at}`, at, 1)
      await vi.waitUntil(async () => (await store.exchange.collect('')).length === 0)
      const { state } = await streams.info(`sluice-exchange-${name}`)
      // What is left is the message that tells the time.
      expect(state.messages).toBe(1)
      await store.exchange.publish('k/1', 'again', 60_000)
      expect(await store.exchange.collect('')).toEqual([{ key: 'k/1', value: 'again' }])
    })
  })

  it('begins after a commit beyond a page, and takes commits from there', async () => {
    const name = newName()
    const { store } = await create(name)
    const cut = { revision: 1_500, hash: 'b'.repeat(64) }
    await store.startAfter(cut)
    await service().kill()
    await service().restart()
    const other = (await open(name)).store
    const commit = commitAfter(cut)
    await expect(other.append(commitAfter(genesis))).rejects.toMatchObject({ code: 'conflict' })
    await other.append(commit)
    expect(await other.read(cut.revision)).toEqual([commit])
    await expect(other.read(0)).rejects.toMatchObject({ code: 'compacted', cut })
    await expect(other.startAfter(cut)).rejects.toMatchObject({ code: 'log_not_empty' })
  })
})
