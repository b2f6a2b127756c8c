import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Commit, createReplica, genesis, sealSnapshot, verifyLog } from '@sluice/stores'
import { createRedisStore, type IoredisClient } from '@sluice/stores/redis'
import { storeContract } from '@sluice/stores/testing'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { appendSome, commitAt } from '../../packages/stores/src/contract/parts.ts'
import { redis } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'
import {
  createBench,
  ioredis,
  ioredisCluster,
  nodeRedis,
  nodeRedisCluster,
  redisCluster,
} from './redis.fixture.ts'

const kinds = [
  [redis, nodeRedis],
  [redis, ioredis],
  [redisCluster, nodeRedisCluster],
  [redisCluster, ioredisCluster],
] as const

const root = fileURLToPath(new URL('../..', import.meta.url))

for (const [server, kind] of kinds) {
  describeWith(server, `a Redis store on ${kind.name}`, (service) => {
    const bench = createBench(kind, service)
    afterAll(() => bench.close())

    storeContract(
      kind.name,
      { create: () => bench.open(), reopen: (store) => bench.reopen(store) },
      { describe, it },
    )

    it('takes 400 commits of four racing writers, each once', async () => {
      const first = await bench.open()
      const others = await Promise.all([1, 2, 3].map(() => bench.reopen(first)))
      const replicas = [first, ...others].map((store) => createReplica({ store }))
      const writes = replicas.flatMap((replica, writer) =>
        Array.from({ length: 100 }, (_, index) => {
          const changes = [{ key: `k/${writer}/${index}`, value: index }]
          return replica.commit({ actor: `w${writer}`, action: 'set', reason: 'a race', changes })
        }),
      )
      const commits = await Promise.all(writes)
      for (const replica of replicas) await replica.close()
      expect(new Set(commits.map((commit) => commit.revision)).size).toBe(400)
      expect(await verifyLog(first)).toMatchObject({ ok: true, head: { revision: 400 } })
      const keys = (await first.read(0)).map((commit) => commit.changes[0]?.key)
      expect(new Set(keys).size).toBe(400)
    })

    it('reads a log of many pages in order, and drops it in batches', async () => {
      const store = await bench.open()
      const commits: Commit[] = await appendSome(store, 1_100)
      expect(await store.read(0)).toEqual(commits)
      expect(await store.read(190, 230)).toEqual(commits.slice(190, 420))
      await store.writeSnapshot(sealSnapshot(commits[1_099]!, [], 1))
      expect(await store.compact({ keepAfter: 1_099 })).toMatchObject({ dropped: 1_099 })
      expect(await store.read(1_099)).toEqual(commits.slice(1_099))
    })

    it.each(['with:colons *?[a-z]', '}', '{}', '}x{', '%7D', 'größe 😀', ' '])(
      'keeps logs apart and in one slot each under the prefix %j',
      async (odd) => {
        const store = await bench.open(odd)
        const other = await bench.open(`${odd}}`)
        const commits = await appendSome(store, 3)
        const [strange] = await appendSome(other, 1)
        await store.writeSnapshot(sealSnapshot(commits[1]!, [], 1))
        await store.exchange.publish('a', 1, 60_000)
        await store.compact({ keepAfter: 1 })
        expect(await store.read(1)).toEqual(commits.slice(1))
        expect(await other.read(0)).toEqual([strange])
        expect(await other.readSnapshot()).toBeUndefined()
        expect(await other.exchange.collect('')).toEqual([])
      },
    )

    it('wakes again after its subscription was cut', async () => {
      const store = await bench.open()
      const other = await bench.reopen(store)
      let wakes = 0
      await store.watch?.(() => {
        wakes += 1
      })
      const channel = `{${bench.prefixOf(store)}}:wake`
      const subscribers = async () =>
        (await bench.command('PUBSUB', 'NUMSUB', channel)) as unknown[]
      expect((await subscribers())[1]).toBe(1)
      await bench.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await vi.waitFor(async () => expect((await subscribers())[1]).toBe(1), 20_000)
      const before = wakes
      await appendSome(other, 1)
      await vi.waitFor(() => expect(wakes).toBeGreaterThan(before), 20_000)
      await store.close()
      await vi.waitFor(async () => expect((await subscribers())[1]).toBe(0), 20_000)
    })

    it('goes on after the server has forgotten its scripts', async () => {
      const store = await bench.open()
      const [first] = await appendSome(store, 1)
      await bench.command('SCRIPT', 'FLUSH')
      await appendSome(store, 1, first)
      expect(await store.read(0)).toHaveLength(2)
    })

    it('reports an entry that is not a commit, and one that is missing', async () => {
      const store = await bench.open()
      await appendSome(store, 2)
      const log = `{${bench.prefixOf(store)}}:log`
      await bench.command('XADD', log, '3-0', 'commit', '{"revision":3}')
      await bench.command('XADD', log, '4-0', 'commit', 'not JSON')
      await bench.command('XADD', log, '6-0', 'commit', '{}')
      const damaged = { code: 'corrupt_commit', message: expect.stringContaining('Revision 3 ') }
      await expect(store.read(0)).rejects.toMatchObject(damaged)
      expect(await store.read(0, 2)).toHaveLength(2)
      await expect(store.read(3, 1)).rejects.toMatchObject({ code: 'corrupt_commit' })
      await expect(store.read(4)).rejects.toMatchObject({ code: 'missing_commit' })
    })

    it('takes no commit where the newest one was evicted after a compaction', async () => {
      const store = await bench.open()
      const commits = await appendSome(store, 3)
      await store.writeSnapshot(sealSnapshot(commits[2]!, [], 1))
      await store.compact({ keepAfter: 2 })
      await bench.command('DEL', `{${bench.prefixOf(store)}}:log`)
      await expect(store.read(2)).rejects.toMatchObject({ code: 'missing_commit' })
      const next = commitAt(commits[1]!, 'again')
      await expect(store.append(next)).rejects.toMatchObject({ code: 'missing_commit' })
    })

    it('leaves nothing on the exchange once its time is over', async () => {
      const store = await bench.open()
      await store.exchange.publish('a', 1, 300)
      await store.exchange.publish('b', { n: 1 }, 200)
      const tag = `{${bench.prefixOf(store)}}`
      const left = () => bench.command('EXISTS', `${tag}:shared`, `${tag}:shared-until`)
      expect(Number(await left()) % 2).toBe(0)
      await vi.waitFor(async () => expect(await left()).toBe(0), 20_000)
    })

    it('lets a process end that has read, watched and closed', async () => {
      const program = 'test/faults/programs/redis-visitor.ts'
      const args = [
        '--conditions=@sluice/source',
        '--import',
        'tsx',
        program,
        kind.name,
        service().url,
      ]
      const options = { cwd: root, timeout: 50_000 }
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, options)
      expect({ stdout, stderr }).toEqual({ stdout: 'closed\n', stderr: '' })
    })
  })
}

describeWith(redis, 'a Redis store with a subscriber handed in', (service) => {
  it('uses it, and leaves it open', async () => {
    const client = new Redis(service().url)
    const own = new Redis(service().url)
    const other = createClient({ url: service().url })
    const otherOwn = await other.duplicate().connect()
    await other.connect()
    const first = createRedisStore({ client, subscriber: own, prefix: 'handed' })
    const second = createRedisStore({ client: other, subscriber: otherOwn, prefix: 'handed' })
    let wakes = 0
    for (const store of [first, second]) {
      await store.watch?.(() => {
        wakes += 1
      })
    }
    const before = wakes
    await appendSome(first, 1)
    await vi.waitFor(() => expect(wakes).toBeGreaterThanOrEqual(before + 2))
    for (const store of [first, second]) await store.close()
    expect(await own.ping()).toBeTruthy()
    expect(await otherOwn.ping()).toBeTruthy()
    for (const each of [client, own]) each.disconnect()
    for (const each of [other, otherOwn]) each.destroy()
  })
})

for (const [server, kind] of kinds) {
  describeWith(server, `a user on ${kind.name} with the rights that the page names`, (service) => {
    it('can do all that a store does', async () => {
      const page = readFileSync(join(root, 'docs/stores/redis.md'), 'utf8')
      const [, rights = ''] = /^ACL SETUSER shop-flags (.+)$/m.exec(page) ?? []
      const [, more = ''] = /A cluster client needs `(.+?)`/.exec(page) ?? []
      const all = server === redisCluster ? `${rights} ${more}` : rights
      const bench = createBench(kind, service)
      await bench.command('ACL', 'SETUSER', 'shop-flags', 'reset', ...all.split(' '))
      const url = service().url.replace('//', '//shop-flags:a-long-password@')
      const store = await bench.open('shop', url)
      let isWoken = false
      await store.watch?.(() => {
        isWoken = true
      })
      const cut = { revision: 7, hash: 'a'.repeat(64) }
      await store.startAfter(cut)
      const commits = await appendSome(store, 3, cut)
      await vi.waitFor(() => expect(isWoken).toBe(true), 20_000)
      await store.writeSnapshot(sealSnapshot(commits[2]!, [], 1))
      expect(await store.readSnapshot()).toMatchObject({ revision: 10 })
      expect(await store.compact({ keepAfter: 8 })).toMatchObject({ dropped: 1 })
      expect(await store.read(8)).toEqual(commits.slice(1))
      await store.exchange.publish('a', 1, 60_000)
      await store.exchange.publish('b', 1, 60_000)
      await store.exchange.publish('b', null, 1)
      expect(await store.exchange.collect('')).toEqual([{ key: 'a', value: 1 }])
      await bench.close()
    })
  })
}

describeWith(redis, 'a read of much text', (service) => {
  it('asks for no more at once than the server can answer quickly', async () => {
    const client = new Redis(service().url)
    const sizes: number[] = []
    const measure = async (answering: Promise<unknown>) => {
      const answer = await answering
      sizes.push(JSON.stringify(answer).length)
      return answer
    }
    const measured: IoredisClient = {
      eval: (...args) => measure(client.eval(...args)),
      evalsha: (...args) => measure(client.evalsha(...args)),
      duplicate: () => client.duplicate(),
    }
    const store = createRedisStore({ client: measured })
    const commits: Commit[] = []
    for (let index = 0; index < 20; index += 1) {
      const commit = commitAt(commits.at(-1) ?? genesis, 'x'.repeat(900_000))
      await store.append(commit)
      commits.push(commit)
    }
    sizes.length = 0
    expect(await store.read(0)).toEqual(commits)
    expect(Math.max(...sizes)).toBeLessThan(8_000_000)
    client.disconnect()
  })
})

describe('createRedisStore', () => {
  it('refuses a prefix that cannot name keys', () => {
    const client = createClient()
    for (const prefix of ['', '\ud800']) {
      expect(() => createRedisStore({ client, prefix })).toThrow(
        expect.objectContaining({ code: 'invalid_prefix' }),
      )
    }
  })
})
