import { SluiceError } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, sealCommit } from './chain.ts'
import type { CompactableStore } from './compaction.ts'
import type { CommitDraft } from './draft.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { createReplica } from './replica.ts'
import type { Replica, ReplicaOptions } from './replica-contract.ts'
import type { Commit, Store } from './store.ts'

let clock: ManualClock
let store: CompactableStore
let replicas: Replica[]

beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore()
  replicas = []
})
afterEach(async () => {
  for (const replica of replicas) await replica.close()
  expect(clock.pendingTimers, 'timers left after close').toBe(0)
})

function open(options: Partial<ReplicaOptions> = {}): Replica {
  const replica = createReplica({ store, clock, ...options })
  replicas.push(replica)
  return replica
}

function set(key: string, value: unknown, actor = 'ann'): CommitDraft {
  const changes = [{ key, value: value as null }]
  return { actor, action: 'set', reason: 'a test', changes }
}

/** The store with some methods exchanged. */
function storeWith(methods: Partial<Store>): Store {
  return { ...store, ...methods }
}

/** A store that never wakes anyone. */
function silent(): Store {
  const { watch: _, ...rest } = store
  return rest
}

describe('a replica', () => {
  it('answers what was written, by key and by prefix', async () => {
    const replica = open()
    await replica.commit(set('flag/b', { on: true }))
    await replica.commit(set('flag/a', 1))
    await replica.commit(set('segment/a', [1]))
    expect(replica.get('flag/b')).toMatchObject({ value: { on: true }, revision: 1 })
    expect(replica.get('flag/c')).toBeUndefined()
    expect(replica.keys('flag/')).toEqual(['flag/a', 'flag/b'])
    expect(replica.entries()).toMatchObject([
      { key: 'flag/a', value: 1, revision: 2 },
      { key: 'flag/b', value: { on: true }, revision: 1 },
      { key: 'segment/a', value: [1], revision: 3 },
    ])
    expect(replica.head.revision).toBe(3)
  })

  it('forgets a deleted key, but not when it was deleted', async () => {
    const replica = open()
    await replica.commit(set('flag/a', 1))
    await replica.commit(set('flag/a', null))
    expect(replica.get('flag/a')).toBeUndefined()
    expect(replica.keys()).toEqual([])
    expect(replica.revisionOf('flag/a')).toBe(2)
    expect(replica.revisionOf('flag/b')).toBe(0)
  })

  it('folds each change of another replica in once, in order, standing at it', async () => {
    const reader = open()
    const seen: unknown[] = []
    reader.on('change', ({ revision }, keys) =>
      seen.push([revision, keys, reader.head.revision, reader.get('n')?.value]),
    )
    await reader.start()
    const writer = open()
    for (const n of [1, 2, 3]) await writer.commit(set('n', n))
    await clock.advance(0)
    expect(seen).toEqual([1, 2, 3].map((n) => [n, ['n'], n, n]))
    expect(writer.head).toEqual(reader.head)
  })

  it('finds by its poll what it was not woken for', async () => {
    const reader = open({ store: silent(), pollMs: 1_000 })
    await reader.start()
    await clock.advance(0)
    await open().commit(set('a', 1))
    await clock.advance(999)
    expect(reader.get('a')).toBeUndefined()
    await clock.advance(1)
    expect(reader.get('a')?.value).toBe(1)
  })

  it('tells each event to every listener, though one throws, and not to one that left', async () => {
    const replica = open()
    const seen: string[] = []
    const errors: SluiceError[] = []
    replica.on('error', (error) => errors.push(error))
    replica.on('error', () => {
      throw new Error('deaf')
    })
    replica.on('change', () => {
      throw new Error('broken listener')
    })
    replica.on('change', () => seen.push('stays'))
    const leave = replica.on('change', () => seen.push('leaves'))
    await replica.commit(set('a', 1))
    leave()
    await replica.commit(set('a', 2))
    expect(seen).toEqual(['stays', 'leaves', 'stays'])
    expect(errors.map((error) => error.code)).toEqual(['listener_failed', 'listener_failed'])
    expect(errors[0]?.message).toContain('broken listener')
  })

  it('serves refreshes that come while one runs by one more', async () => {
    let reads = 0
    const counting = storeWith({
      read: (after, limit) => {
        reads += 1
        return store.read(after, limit)
      },
    })
    const replica = open({ store: counting })
    await Promise.all([1, 2, 3, 4, 5].map(() => replica.refresh()))
    expect(reads).toBe(2)
  })

  it('gives the commits that touched a key', async () => {
    const replica = open()
    for (const key of ['flag/a', 'flag/ab', 'exposure/production/a']) {
      await replica.commit(set(key, 1))
    }
    await replica.commit(set('flag/a', null))
    const revisions = async (match: Parameters<Replica['history']>[0]) =>
      (await replica.history(match)).map((commit) => commit.revision)
    expect(await revisions('flag/a')).toEqual([1, 4])
    expect(await revisions('flag/')).toEqual([1, 2, 4])
    expect(await revisions((key) => key.endsWith('/a'))).toEqual([1, 3, 4])
    expect(await revisions('')).toEqual([1, 2, 3, 4])
    await replica.snapshot()
    await store.compact({ keepAfter: 2 })
    expect(await revisions('')).toEqual([3, 4])
  })
})

describe('the status of a replica', () => {
  it('goes from defaults to live, and to cached while the store does not answer', async () => {
    let isDown = true
    const flaky = storeWith({
      read: async (after, limit) => {
        if (isDown) throw new Error('connection refused')
        return store.read(after, limit)
      },
    })
    await open().commit(set('a', 1))
    const replica = open({ store: flaky, random: () => 1 })
    const seen: string[] = []
    const errors: string[] = []
    replica.on('status', (status) => seen.push(status))
    replica.on('error', (error) => errors.push(`${error.code} ${clock.now() - startedAt}`))
    const startedAt = clock.now()
    await replica.start()
    expect(replica.status).toBe('defaults')
    expect(replica.stalenessMs).toBe(Number.POSITIVE_INFINITY)
    await clock.advance(15_000)
    // After 1, 2, 3 … failures: 2, 4, 8 … seconds.
    expect(errors).toEqual([0, 2_000, 6_000, 14_000].map((ms) => `store_unreachable ${ms}`))
    isDown = false
    await clock.advance(15_000)
    expect(replica.status).toBe('live')
    expect(replica.stalenessMs).toBe(0)
    isDown = true
    await clock.advance(2_500)
    expect(replica.status).toBe('cached')
    expect(replica.stalenessMs).toBe(2_500)
    expect(replica.get('a')?.value).toBe(1)
    expect(seen).toEqual(['live', 'cached'])
  })

  it('is tried again for ever, at least every thirty seconds', async () => {
    let reads = 0
    const dead = storeWith({
      read: async () => {
        reads += 1
        throw new Error('gone')
      },
    })
    const replica = open({ store: dead, random: () => 1 })
    await replica.start()
    await clock.advance(86_400_000)
    expect(reads).toBeGreaterThanOrEqual(86_400 / 30)
    expect(reads).toBeLessThan(86_400 / 30 + 10)
  })

  it('is waited for by ready, no longer than asked', async () => {
    const replica = open()
    const early = replica.ready({ timeoutMs: 100 })
    await clock.advance(100)
    expect(await early).toBe(false)
    const late = replica.ready()
    await replica.start()
    expect(await late).toBe(true)
    expect(await replica.ready({ timeoutMs: 0 })).toBe(true)
    const other = open()
    const waiting = other.ready()
    await other.close()
    expect(await waiting).toBe(false)
    expect(await other.ready()).toBe(false)
  })

  it('watches anew after an outage, for the old watch may be dead', async () => {
    let isDown = false
    const wakes: (() => void)[] = []
    let stopped = 0
    const flaky = storeWith({
      read: async (after, limit) => {
        if (isDown) throw new Error('connection refused')
        return store.read(after, limit)
      },
      watch: async (wake) => {
        wakes.push(wake)
        return () => {
          stopped += 1
        }
      },
    })
    const replica = open({ store: flaky })
    await replica.start()
    await clock.advance(0)
    isDown = true
    await clock.advance(1_000)
    isDown = false
    await clock.advance(30_000)
    expect([wakes.length, stopped]).toEqual([2, 1])
    await store.append(sealCommit(set('a', 1), genesis, 1))
    wakes[1]!()
    await clock.advance(0)
    expect(replica.get('a')?.value).toBe(1)
  })
})

describe('a log that is not what it was', () => {
  const commitsOf = (count: number, actor: string) => {
    const commits: Commit[] = []
    for (let n = 1; n <= count; n += 1) {
      commits.push(sealCommit(set('n', n, actor), commits.at(-1) ?? genesis, n))
    }
    return commits
  }

  /** A store over a list that the test may exchange. */
  function storeOver(log: { commits: readonly Commit[] }): Store {
    return storeWith({
      read: async (after, limit = 1_000) => log.commits.slice(after, after + limit),
      append: async () => {
        throw new SluiceError('conflict', 'taken')
      },
    })
  }

  it('is taken over when it was replaced, and that is told', async () => {
    const log = { commits: commitsOf(5, 'ann') }
    const replica = open({ store: storeOver(log) })
    await replica.refresh()
    const seen: unknown[] = []
    replica.on('reset', (head, reason) => seen.push([head.revision, reason]))
    replica.on('log_replaced', ({ from, to }) => seen.push([from.revision, to.revision]))
    for (const restored of [commitsOf(3, 'ann'), commitsOf(3, 'bob'), commitsOf(9, 'eve')]) {
      log.commits = restored
      await replica.refresh()
      expect(replica.head.hash).toBe(restored.at(-1)!.hash)
      expect(replica.get('n')?.value).toBe(restored.length)
    }
    expect(seen).toEqual([
      [3, 'log_replaced'],
      [5, 3],
      [3, 'log_replaced'],
      [3, 3],
      [9, 'log_replaced'],
      [3, 9],
    ])
  })

  it('is not taken over when it is empty: the last state stays in service', async () => {
    const log = { commits: commitsOf(5, 'ann') }
    const replica = open({ store: storeOver(log) })
    await replica.refresh()
    log.commits = []
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'log_lost' })
    expect([replica.status, replica.get('n')?.value]).toEqual(['cached', 5])
    await expect(replica.commit(set('n', 6))).rejects.toMatchObject({ code: 'log_lost' })
  })

  it('is folded up to the first commit that does not verify, and no further', async () => {
    const whole = commitsOf(5, 'ann')
    const forged = { ...whole[3]!, reason: 'forged' }
    const log = { commits: [...whole.slice(0, 3), forged, whole[4]!] }
    const replica = open({ store: storeOver(log) })
    const codes: string[] = []
    replica.on('error', (error) => codes.push(error.code))
    await expect(replica.refresh()).rejects.toMatchObject({
      code: 'broken_chain',
      message: expect.stringContaining('revision 4'),
    })
    expect([replica.head.revision, replica.get('n')?.value]).toEqual([3, 3])
    expect(codes).toEqual(['broken_chain'])
    log.commits = whole
    await replica.refresh()
    expect([replica.head.revision, replica.status]).toEqual([5, 'live'])
  })

  it('is refused from a store that gives something else than commits', async () => {
    for (const junk of [
      [null],
      [{ revision: 1 }],
      ['x'],
      [{ ...commitsOf(1, 'a')[0], changes: 7 }],
    ]) {
      const replica = open({ store: storeWith({ read: async () => junk as never }) })
      await expect(replica.refresh()).rejects.toMatchObject({ code: 'broken_chain' })
      expect(replica.head).toEqual(genesis)
    }
  })
})

describe('snapshots of a replica', () => {
  it('are written by whoever writes the commit that is due one', async () => {
    const [one, two] = [open({ snapshotEvery: 5 }), open({ snapshotEvery: 5 })]
    for (let n = 1; n <= 7; n += 1) await (n % 2 ? one : two).commit(set(`k${n}`, n))
    await clock.advance(0)
    const snapshot = await store.readSnapshot()
    expect(snapshot).toMatchObject({ revision: 5 })
    expect(snapshot?.entries).toHaveLength(5)
  })

  it('spare a new reader the commits before, deletions included', async () => {
    const writer = open()
    await writer.commit(set('gone', 1))
    await writer.commit(set('gone', null))
    await writer.commit(set('kept', 1))
    await writer.snapshot()
    await writer.commit(set('kept', 2))
    await store.compact({ keepAfter: 3 })
    const reader = open()
    const seen: unknown[] = []
    reader.on('reset', (head, reason) => seen.push([head.revision, reason]))
    reader.on('change', (commit) => seen.push(commit.revision))
    await reader.refresh()
    expect(seen).toEqual([[3, 'snapshot'], 4])
    expect(reader.entries()).toMatchObject(writer.entries())
    expect(reader.revisionOf('gone')).toBe(2)
  })

  it('are passed over where they are damaged or of another log, and the log is folded instead', async () => {
    const writer = open()
    for (const n of [1, 2, 3]) await writer.commit(set('n', n))
    const snapshot = await writer.snapshot()
    const other = sealCommit(set('n', 9, 'eve'), genesis, 1)
    const cases = [{ ...snapshot, entries: [] }, { ...snapshot, hash: other.hash }, 'nonsense']
    for (const bad of cases) {
      const reader = open({ store: storeWith({ readSnapshot: async () => bad as never }) })
      const codes: string[] = []
      reader.on('error', (error) => codes.push(error.code))
      await reader.refresh()
      expect(codes).toEqual(['corrupt_snapshot'])
      expect(reader.head).toEqual(writer.head)
    }
  })

  it('of another log never come into service', async () => {
    const elsewhere = createMemoryStore()
    const stranger = open({ store: elsewhere })
    for (const n of [1, 2, 3]) await stranger.commit(set('n', -n, 'eve'))
    const foreign = await stranger.snapshot()
    for (const n of [1, 2, 3, 4]) await open().commit(set('n', n))
    const reader = open({ store: storeWith({ readSnapshot: async () => foreign }) })
    const seen: unknown[] = []
    reader.on('reset', (_, reason) => seen.push(reason))
    reader.on('log_replaced', () => seen.push('log_replaced'))
    await reader.refresh()
    expect(seen).toEqual([])
    expect(reader.get('n')?.value).toBe(4)
  })

  it('that cannot be written are reported, and the commit stands', async () => {
    const full = storeWith({
      writeSnapshot: async () => {
        throw new SluiceError('store_full', 'no room')
      },
    })
    const replica = open({ store: full, snapshotEvery: 1 })
    const codes: string[] = []
    replica.on('error', (error) => codes.push(error.code))
    await replica.commit(set('a', 1))
    await clock.advance(0)
    expect(codes).toEqual(['store_full'])
    expect(replica.get('a')?.value).toBe(1)
  })
})
