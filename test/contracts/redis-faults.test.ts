import { rm } from 'node:fs/promises'
import { type Commit, createReplica, genesis, sealSnapshot, verifyLog } from '@sluice/stores'
import { createRedisStore, type IoredisClient, type NodeRedisClient } from '@sluice/stores/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { appendSome, commitAt } from '../../packages/stores/src/contract/parts.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'
import { createBench, createLossyProxy, ioredis, nodeRedis } from './redis.fixture.ts'

const draft = { actor: 'ann', action: 'note', reason: 'a test', changes: [] }

for (const kind of [nodeRedis, ioredis]) {
  describeWith(redis, `a Redis store on ${kind.name}, in trouble`, (service) => {
    const bench = createBench(kind, service)
    afterAll(() => bench.close())

    it('keeps what it acknowledged over a kill, and goes on', async () => {
      const store = await bench.open()
      const stores = [store, await bench.reopen(store), await bench.reopen(store)]
      const replicas = stores.map((each) => createReplica({ store: each }))
      const acknowledged: Commit[] = []
      let killing: Promise<void> | undefined
      const killOnce = async () => {
        await service().kill()
        await service().restart()
      }
      const outcomes = await Promise.allSettled(
        replicas.flatMap((replica) =>
          Array.from({ length: 60 }, async () => {
            acknowledged.push(await replica.commit(draft))
            if (acknowledged.length === 40) killing = killOnce()
          }),
        ),
      )
      await killing
      const failures = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason.code] : [],
      )
      // The few that were under way may fail, and only `outcome_unknown` may have been written.
      const unseen = failures.filter((code) => code !== 'store_unreachable')
      expect(unseen.every((code) => code === 'outcome_unknown')).toBe(true)
      for (const replica of replicas) await replica.close()
      expect(acknowledged.length).toBeGreaterThan(150)
      const log = await (await bench.reopen(store)).read(0)
      expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: log.length } })
      for (const commit of acknowledged) expect(log[commit.revision - 1]).toEqual(commit)
      expect(log.length - acknowledged.length).toBeLessThanOrEqual(unseen.length)
    })

    it('writes a replica’s commit once where the answer was lost', async () => {
      const proxy = await createLossyProxy(service().port)
      const store = await bench.open(undefined, proxy.url)
      const replica = createReplica({ store })
      await replica.commit(draft)
      const lost = proxy.loseNextAnswer()
      const writing = replica.commit({ ...draft, reason: 'its answer is lost' })
      await lost
      proxy.reopen()
      expect(await writing).toMatchObject({ revision: 2 })
      expect(await store.read(0)).toHaveLength(2)
      await replica.close()
      await proxy.close()
    })

    it('says what is wrong where it may do nothing', async () => {
      const rules = ['on', 'nopass', '-@all', '+hello', '+info', '+client']
      await bench.command('ACL', 'SETUSER', 'stranger', ...rules)
      const stranger = await bench.open('strange', service().url.replace('//', '//stranger:x@'))
      const refusal = { code: 'store_unauthorized', message: expect.stringContaining('ACL') }
      await expect(stranger.read(0)).rejects.toMatchObject(refusal)
      await expect(stranger.append(commitAt(genesis, 1))).rejects.toMatchObject(refusal)
      await expect(stranger.exchange.collect('')).rejects.toMatchObject(refusal)
    })

    it('writes nothing to the log as a user who may not, and reads', async () => {
      const rules = ['on', 'nopass', '~*', 'resetchannels', '+@all', '-xadd']
      await bench.command('ACL', 'SETUSER', 'reader', ...rules)
      const owner = await bench.open()
      const commits = await appendSome(owner, 1)
      const url = service().url.replace('//', '//reader:x@')
      const store = await bench.open(bench.prefixOf(owner), url)
      expect(await store.read(0)).toEqual(commits)
      const next = commitAt(commits[0]!, 1)
      await expect(store.append(next)).rejects.toMatchObject({ code: 'store_unauthorized' })
      await bench.command('ACL', 'SETUSER', 'reader', '+xadd')
      // It may not publish either; but a wake-up is only a hint.
      await store.append(next)
      expect(await owner.read(1)).toEqual([next])
      const watching = store.watch?.(() => {})
      await expect(watching).rejects.toMatchObject({ code: 'store_unauthorized' })
      // The connection that was opened to subscribe is closed again.
      const connections = async () =>
        String(await bench.command('CLIENT', 'LIST')).match(/ user=reader /g)
      await vi.waitFor(async () => expect(await connections()).toHaveLength(1), 20_000)
    })

    it('refuses to write when its memory is full, reads, and can be compacted', async () => {
      const store = await bench.open()
      const commits = await appendSome(store, 4)
      await store.writeSnapshot(sealSnapshot(commits[3]!, [], 1))
      await bench.command('CONFIG', 'SET', 'maxmemory', '1')
      try {
        const next = commitAt(commits[3]!, 1)
        await expect(store.append(next)).rejects.toMatchObject({ code: 'store_full' })
        const snapshot = store.writeSnapshot(sealSnapshot(commits[3]!, [], 2))
        await expect(snapshot).rejects.toMatchObject({ code: 'store_full' })
        expect(await store.read(0)).toEqual(commits)
        expect(await store.compact({ keepAfter: 2 })).toMatchObject({ dropped: 2 })
      } finally {
        await bench.command('CONFIG', 'SET', 'maxmemory', '0')
      }
      await appendSome(store, 1, commits[3])
      expect(await store.read(2)).toHaveLength(3)
    })

    it('neither writes to a replica of the server nor reads from it', async () => {
      const primary = await redis.start()
      const admin = new Redis(primary.port)
      const store = await bench.open('mirrored', primary.url)
      try {
        const commits = await appendSome(store, 2)
        // Else it would begin to write its file anew, and still do when it is killed.
        await admin.config('SET', 'appendonly', 'no')
        await admin.replicaof('127.0.0.1', service().port)
        await vi.waitFor(async () => expect((await admin.role())[3]).toBe('connected'), 20_000)
        const refusal = { code: 'store_read_only', message: expect.stringContaining('primary') }
        await expect(store.read(0)).rejects.toMatchObject(refusal)
        await expect(store.append(commits[0]!)).rejects.toMatchObject(refusal)
      } finally {
        admin.disconnect()
        await primary.stop()
      }
    })

    it('refuses to write when the server cannot save, and reads', async () => {
      const [, directory] = (await bench.command('CONFIG', 'GET', 'dir')) as string[]
      const store = await bench.open()
      const commits = await appendSome(store, 1)
      await bench.command('CONFIG', 'SET', 'save', '3600 1')
      await rm(directory as string, { recursive: true })
      // A replica may still be served with a save of its own.
      await vi.waitFor(() => bench.command('BGSAVE'), 20_000)
      const info = () => bench.command('INFO', 'persistence')
      await vi.waitFor(
        async () => expect(await info()).toContain('rdb_last_bgsave_status:err'),
        20_000,
      )
      const next = commitAt(commits[0]!, 1)
      await expect(store.append(next)).rejects.toMatchObject({ code: 'store_full' })
      expect(await store.read(0)).toEqual(commits)
    })
  })
}

describeWith(redis, 'a Redis store on ioredis with a password', (service) => {
  const bench = createBench(ioredis, service)
  afterAll(() => bench.close())

  it.each([
    ['none', ''],
    ['a wrong one', ':wrong@'],
  ])('is told that the password is missing or wrong: %s', async (_, credentials) => {
    await bench.command('CONFIG', 'SET', 'requirepass', 'secret')
    const stranger = await bench.open('locked', service().url.replace('//', `//${credentials}`))
    await expect(stranger.read(0)).rejects.toMatchObject({ code: 'store_unauthorized' })
    const appending = stranger.append(commitAt(genesis, 1))
    await expect(appending).rejects.toMatchObject({ code: 'store_unauthorized' })
    const known = await bench.open('locked', service().url.replace('//', '//:secret@'))
    expect(await known.read(0)).toEqual([])
  })
})

describeWith(redis, 'an append that ioredis sends again', (service) => {
  const bench = createBench(ioredis, service)
  afterAll(() => bench.close())

  it('has succeeded where the first sending did, whatever came after it', async () => {
    const proxy = await createLossyProxy(service().port)
    const store = await bench.open(undefined, proxy.url)
    const [first] = await appendSome(store, 1)
    const other = await bench.open(bench.prefixOf(store))
    const commit = commitAt(first!, 'sent twice')
    const lost = proxy.loseNextAnswer()
    const appending = store.append(commit)
    await lost
    await appendSome(other, 2, commit)
    proxy.reopen()
    await appending
    expect((await other.read(1))[0]).toEqual(commit)
    expect(await other.read(0)).toHaveLength(4)
    await expect(store.append(commit)).rejects.toMatchObject({ code: 'conflict' })
    await proxy.close()
  })

  it('has lost where another commit took the position before the first sending', async () => {
    const proxy = await createLossyProxy(service().port)
    const store = await bench.open(undefined, proxy.url)
    const [first] = await appendSome(store, 1)
    const other = await bench.open(bench.prefixOf(store))
    await appendSome(other, 1, first)
    const lost = proxy.loseNextAnswer()
    const appending = store.append(commitAt(first!, 'too late'))
    const refusal = expect(appending).rejects.toMatchObject({ code: 'conflict' })
    await lost
    proxy.reopen()
    await refusal
    await proxy.close()
  })

  it('has an open outcome where its position was compacted meanwhile', async () => {
    const proxy = await createLossyProxy(service().port)
    const store = await bench.open(undefined, proxy.url)
    const [first] = await appendSome(store, 1)
    const other = await bench.open(bench.prefixOf(store))
    const commit = commitAt(first!, 'written and dropped')
    const lost = proxy.loseNextAnswer()
    const appending = store.append(commit)
    const open = expect(appending).rejects.toMatchObject({ code: 'append_unknown' })
    await lost
    const [, newest] = await appendSome(other, 2, commit)
    await other.writeSnapshot(sealSnapshot(newest!, [], 1))
    await other.compact({ keepAfter: 3 })
    proxy.reopen()
    await open
    await expect(store.append(commit)).rejects.toMatchObject({ code: 'conflict' })
    await proxy.close()
  })
})

describe('an append that a server refuses', () => {
  const commit = commitAt(genesis, 1)
  const reply = "READONLY You can't write against a read only replica."

  const clientWhose = (connections: readonly object[]): IoredisClient => {
    const left = [...connections]
    const refuse = async () => {
      throw new Error(reply)
    }
    return {
      eval: refuse,
      evalsha: refuse,
      duplicate: () => {
        throw new Error('not asked for')
      },
      get stream() {
        return left.shift()
      },
    }
  }

  it('has written nothing, where it was sent once', async () => {
    const connection = {}
    const client = clientWhose([connection, connection])
    const appending = createRedisStore({ client }).append(commit)
    await expect(appending).rejects.toMatchObject({ code: 'store_read_only' })
  })

  it('may have been written, where it may have been sent to another server before', async () => {
    const refuse = async () => {
      throw new Error(reply)
    }
    const sentinel: NodeRedisClient = {
      eval: refuse,
      evalSha: refuse,
      duplicate: () => createClient(),
      getMasterNode: () => ({}),
    }
    for (const client of [clientWhose([{}, {}]), sentinel]) {
      const appending = createRedisStore({ client }).append(commit)
      await expect(appending).rejects.toMatchObject({ code: 'append_unknown' })
    }
  })

  it.each([
    ['OOM command not allowed when used memory > maxmemory.', 'store_full'],
    ['ERR Error running script (call to f_1): @user_script:9: -OOM command not', 'store_full'],
    ['MISCONF Errors writing to the AOF file: No space left on device', 'store_full'],
    ['NOREPLICAS Not enough good replicas to write.', 'store_read_only'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'store_unauthorized'],
    ['LOADING Redis is loading the dataset in memory', 'store_unreachable'],
    ['CLUSTERDOWN The cluster is down', 'store_unreachable'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'store_unreachable'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'store_failed'],
    ['ERR unknown command `XTRIM`', 'store_failed'],
  ])('answers %j with %s', async (message, code) => {
    const cause = new Error(message)
    const fail = async () => {
      throw cause
    }
    const client = { ...clientWhose([]), eval: fail, evalsha: fail }
    const appending = createRedisStore({ client }).append(commit)
    await expect(appending).rejects.toMatchObject({ code, cause })
  })
})

describeWith(redis, 'a Redis store whose client is closed', (service) => {
  it('cannot be reached, and does not hang', async () => {
    const client = createClient({ url: service().url })
    const store = createRedisStore({ client })
    await expect(store.read(0)).rejects.toMatchObject({ code: 'store_unreachable' })
    const other = new Redis(service().url)
    other.disconnect()
    const closed = createRedisStore({ client: other })
    await expect(closed.read(0)).rejects.toMatchObject({ code: 'store_unreachable' })
  })

  it('closes while it waits for a subscription that cannot come', async () => {
    const { port, kill, restart } = service()
    for (const kind of [nodeRedis, ioredis]) {
      const proxy = await createLossyProxy(port)
      const { client, end } = await kind.open(proxy.url)
      const store = createRedisStore({ client })
      await store.read(0)
      await kill()
      const watching = store.watch?.(() => {})
      const refusal = expect(watching).rejects.toMatchObject({ code: 'store_closed' })
      await store.close()
      await refusal
      end()
      await proxy.close()
      await restart()
    }
  })
})
