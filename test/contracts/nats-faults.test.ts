import { createReplica, refusalCodes, verifyLog } from '@sluice/stores'
import { describe, expect, it } from 'vitest'
import { openTcpProxy } from '../faults/tcp-proxy.ts'
import { nats } from '../services/nats.ts'
import { describeWith } from '../services/service.ts'
import { chainOf } from './commits.ts'
import { startNatsWith, useBus } from './nats.fixture.ts'
import { runProgram } from './run-program.ts'
import { until } from './until.ts'
import { writeUntilKilled } from './write-until-killed.ts'

describeWith(nats, 'a NATS server that fails', (service) => {
  const { newName, open, create } = useBus(service)

  it('loses no acknowledged commit when it is killed in the middle of appends', async () => {
    const name = newName()
    await create(name)
    const acknowledged = new Map<number, string>()
    for (let round = 0; round < 3; round += 1) {
      const replicas = await Promise.all(
        [1, 2, 3, 4].map(async () =>
          createReplica({ store: (await open(name, { timeoutMs: 1_000 })).store }),
        ),
      )
      // A call under way ends only once the server is back, or its time is over.
      await writeUntilKilled(replicas, acknowledged, async () => {
        await service().kill()
        await service().restart()
      })
      const { store } = await open(name)
      expect(await verifyLog(store)).toMatchObject({ ok: true, from: { revision: 0 } })
      const commits = await store.read(0)
      for (const [revision, hash] of acknowledged) expect(commits[revision - 1]?.hash).toBe(hash)
      await Promise.all(replicas.map((replica) => replica.close()))
    }
  })

  it('is unreachable meanwhile, leaves the outcome open, and the same store goes on', async () => {
    const { store } = await create()
    const [first, second] = chainOf(2)
    await store.append(first!)
    await service().kill()
    const appending = store.append(second!).catch((error) => error)
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_unreachable' })
    expect(await appending).toMatchObject({ code: 'store_unreachable' })
    await service().restart()
    await until(() =>
      store.read(0).then(
        () => true,
        () => false,
      ),
    )
    expect((await store.read(0))[0]).toEqual(first)
  })

  it('has its exchange again, which lay in its memory, as soon as somebody shares', async () => {
    const name = newName()
    const { store } = await create(name)
    const other = await open(name)
    await store.exchange.publish('k/1', 1, 60_000)
    await service().kill()
    await service().restart()
    // Each of them comes back in its own time.
    for (const { exchange } of [store, other.store]) {
      await until(() =>
        exchange.collect('').then(
          () => true,
          () => false,
        ),
      )
    }
    expect(await store.exchange.collect('')).toEqual([])
    // A stream that has just come back may let its first message wait in vain.
    await until(() =>
      other.store.exchange.publish('k/2', 2, 60_000).then(
        () => true,
        () => false,
      ),
    )
    expect(await store.exchange.collect('')).toEqual([{ key: 'k/2', value: 2 }])
    // A log that nobody made has none.
    const { store: stray } = await open(newName())
    await expect(stray.exchange.publish('k', 1, 1_000)).rejects.toMatchObject({
      code: 'store_missing',
    })
    await expect(stray.exchange.collect('')).rejects.toMatchObject({ code: 'store_missing' })
  })

  it('does not call an append a conflict whose own answer came too late', async () => {
    const name = newName()
    const { store } = await create(name)
    const proxy = await openTcpProxy(service().port)
    try {
      const servers = `nats://127.0.0.1:${proxy.port}`
      const far = (await open(name, { servers, timeoutMs: 500 })).store
      expect(await far.read(0)).toEqual([])
      proxy.delay(400)
      const [commit] = chainOf(1)
      const appending = far.append(commit!).catch((error) => error)
      await until(async () => (await store.read(0)).length > 0)
      // A second try would be answered in time.
      proxy.delay(0)
      expect(await appending).toMatchObject({ code: 'store_unreachable' })
      expect(await store.read(0)).toEqual([commit])
    } finally {
      await proxy.close()
    }
  })

  it('wakes again after it came back, and tells what was missed', async () => {
    const name = newName()
    const [{ store }, other] = [await create(name), (await open(name)).store]
    const [first, second] = chainOf(2)
    let wakes = 0
    const wakesAfter = async (act: () => Promise<unknown>) => {
      const before = wakes
      await act()
      await until(() => wakes > before)
    }
    const stop = await store.watch!(() => {
      wakes += 1
    })
    await wakesAfter(() => other.append(first!))
    await wakesAfter(async () => {
      await service().kill()
      await service().restart()
    })
    await wakesAfter(() =>
      until(() =>
        other.append(second!).then(
          () => true,
          () => false,
        ),
      ),
    )
    stop()
    const before = wakes
    await service().kill()
    await service().restart()
    await until(() =>
      other.read(0).then(
        () => true,
        () => false,
      ),
    )
    expect(wakes).toBe(before)
  })

  it('is not woken by an append that was refused', async () => {
    const name = newName()
    const [{ store }, other] = [await create(name), (await open(name)).store]
    let wakes = 0
    const stop = await store.watch!(() => {
      wakes += 1
    })
    const [first, second] = chainOf(2)
    await expect(other.append(second!)).rejects.toMatchObject({ code: 'conflict' })
    await other.append(first!)
    await until(() => wakes > 0)
    expect(wakes).toBe(1)
    stop()
  })

  it('is unreachable for good once the application has closed the connection', async () => {
    const { store, connection } = await create()
    const stop = await store.watch!(() => {})
    await connection.close()
    stop()
    const [commit] = chainOf(1)
    await expect(store.append(commit!)).rejects.toMatchObject({ code: 'store_unreachable' })
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_unreachable' })
    await expect(store.watch!(() => {})).rejects.toMatchObject({ code: 'store_unreachable' })
  })

  it.each([
    ['closed', 'stop(); await store.close(); await connection.close()'],
    ['closed without its watcher', 'await store.close(); await connection.close()'],
  ])('does not keep alive a process whose store watches and is %s', async (_, end) => {
    const name = newName()
    await create(name)
    const stdout = await runProgram(`
      import { jetstream } from '@nats-io/jetstream'
      import { connect } from '@nats-io/transport-node'
      import { createNatsStore } from '@sluice/stores/nats'
      const connection = await connect({ servers: '${service().url}' })
      const store = createNatsStore({ connection, jetstream: jetstream(connection), name: '${name}' })
      const stop = await store.watch(() => {})
      await store.exchange.publish('a', 1, 60_000)
      console.log((await store.read(0)).length, (await store.exchange.collect('')).length)
      ${end}
    `)
    expect(stdout).toBe('0 1\n')
  })
})

describeWith(nats, 'a NATS server with users', () => {
  // What docs/stores/nats.md says each of them needs.
  const each = (verb: string) =>
    ['log', 'state', 'exchange'].map((kind) => `$JS.API.STREAM.${verb}.sluice-${kind}-shop`)
  const toRead = [...each('INFO'), ...each('MSG.GET')]
  const toShare = [
    'sluice.shop.exchange.*',
    '$JS.API.STREAM.MSG.DELETE.sluice-exchange-shop',
    '$JS.API.STREAM.PURGE.sluice-exchange-shop',
  ]
  const toWrite = [
    'sluice.shop.commits',
    'sluice.shop.snapshot.*',
    '$JS.API.STREAM.PURGE.sluice-state-shop',
  ]
  const toCompact = ['sluice.shop.cut', '$JS.API.STREAM.PURGE.sluice-log-shop']
  const user = (name: string, password: string, subjects: readonly string[]) => `
    { user: ${name}, password: "${password}", permissions: {
      publish: { allow: ${JSON.stringify(subjects)} }
      subscribe: { allow: ["_INBOX.>", "sluice.shop.wake"] }
    } }`
  const usersWith = (password: string) => `
    authorization { users: [
      ${user('reader', password, toRead)}
      ${user('sharer', password, [...toRead, ...toShare])}
      ${user('writer', password, [...toRead, ...toWrite])}
      ${user('keeper', password, [...toRead, ...toWrite, ...toCompact])}
      ${user('maker', password, [...toRead, ...each('CREATE')])}
      ${user('nobody', password, ['elsewhere'])}
      { user: deaf, password: "${password}", permissions: { subscribe: { deny: ">" } } }
    ] }`

  describe('and permissions', () => {
    let server: Awaited<ReturnType<typeof startNatsWith>>
    const { open } = useBus(() => server)

    it('lets everybody do what they may, and says what they may not', async () => {
      server = await startNatsWith(usersWith('right'))
      try {
        const as = (user: string) => open('shop', { user, pass: 'right', timeoutMs: 2_000 })
        const refused = { code: 'store_unauthorized' }
        await (await as('maker')).store.createStreams()

        const writer = (await as('writer')).store
        const replica = createReplica({ store: writer })
        for (const value of [1, 2]) {
          const changes = [{ key: 'a', value }]
          await replica.commit({ actor: 'ann', action: 'set', reason: 'a test', changes })
        }
        await replica.snapshot()
        await expect(writer.compact({ keepAfter: 1 })).rejects.toMatchObject(refused)
        await expect(writer.createStreams()).rejects.toMatchObject(refused)

        const keeper = (await as('keeper')).store
        expect(await keeper.compact({ keepAfter: 1 })).toMatchObject({ dropped: 1 })

        const reader = (await as('reader')).store
        expect((await reader.read(1))[0]?.revision).toBe(2)
        expect((await reader.readSnapshot())?.revision).toBe(2)
        ;(await reader.watch!(() => {}))()
        await expect(reader.append(chainOf(3)[2]!)).rejects.toMatchObject(refused)
        await expect(reader.exchange.publish('k', 1, 1_000)).rejects.toMatchObject(refused)

        const { exchange } = (await as('sharer')).store
        await exchange.publish('k', 1, 60_000)
        expect(await exchange.collect('')).toHaveLength(1)
        await exchange.publish('k', null, 1)
        expect(await exchange.collect('')).toHaveLength(0)

        const nobody = (await as('nobody')).store
        await expect(nobody.read(0)).rejects.toMatchObject(refused)
        await expect(nobody.append(chainOf(3)[2]!)).rejects.toMatchObject(refused)
        const deaf = (await as('deaf')).store
        await expect(deaf.read(0)).rejects.toMatchObject(refused)
        await replica.close()
      } finally {
        await server.stop()
      }
    })

    it('says that credentials are not good any more', async () => {
      server = await startNatsWith(usersWith('right'))
      try {
        const { store, connection } = await open('shop', { user: 'maker', pass: 'right' })
        await store.createStreams()
        await server.change(usersWith('changed'))
        await server.kill()
        await server.restart()
        await connection.closed()
        const refusal = await store.append(chainOf(1)[0]!).catch((error) => error)
        expect(refusal).toMatchObject({ code: 'store_unauthorized' })
        expect(refusalCodes.has(refusal.code)).toBe(false)
        await expect(store.read(0)).rejects.toMatchObject({ code: 'store_unauthorized' })
      } finally {
        await server.stop()
      }
    })
  })
})
