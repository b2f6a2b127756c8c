import { SluiceError } from '@sluice/core'
import { describe, expect, it } from 'vitest'
import { createManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { set } from './replica.fixture.ts'
import { createReplica } from './replica.ts'
import type { Store } from './store.ts'
import { verifyLog } from './verify-log.ts'

/** Two replicas over one store; neither follows it, so that each is behind when the other writes. */
function openTwo(store: Store = createMemoryStore()) {
  const clock = createManualClock()
  const { watch: _, ...silent } = store
  const open = () => createReplica({ store: silent, clock })
  return { clock, store, one: open(), two: open() }
}

describe('commit', () => {
  it('is folded in before it resolves, and told once', async () => {
    const { one } = openTwo()
    const told: number[] = []
    one.on('change', (commit) => told.push(commit.revision))
    const commit = await one.commit({ ...set('a', 1), ticket: 'OPS-1', environment: 'staging' })
    expect(commit).toMatchObject({ revision: 1, actor: 'ann', ticket: 'OPS-1' })
    expect(one.head).toEqual({ revision: 1, hash: commit.hash })
    await one.refresh()
    expect(told).toEqual([1])
  })

  it('catches up and tries again where another commit took the position', async () => {
    const { one, two, store } = openTwo()
    await two.refresh()
    await one.commit(set('a', 1))
    expect(await two.commit(set('b', 2))).toMatchObject({ revision: 2 })
    expect(two.get('a')?.value).toBe(1)
    expect(await verifyLog(store)).toMatchObject({ ok: true })
  })

  it('is refused where a key it changes was changed meanwhile, naming who and when', async () => {
    const { one, two, store } = openTwo()
    await two.refresh()
    await one.commit(set('a', 1, 'bob'))
    await expect(two.commit(set('a', 2))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/a was changed at revision 1 by bob, after revision 0/),
    })
    expect(await store.read(0)).toHaveLength(1)
    // Now it knows, and decides anew.
    expect(await two.commit(set('a', 2))).toMatchObject({ revision: 2 })
  })

  it('is refused where a key it depends on was changed or deleted since the decision', async () => {
    const { one } = openTwo()
    await one.commit(set('approval/7', 'granted'))
    const basedOn = one.head.revision
    await one.commit(set('other', 1))
    const rests = { dependsOn: ['approval/7'], basedOn }
    expect(await one.commit(set('rollout/a', 1), rests)).toMatchObject({ revision: 3 })
    await one.commit(set('approval/7', null, 'eve'))
    await expect(one.commit(set('rollout/a', 2), rests)).rejects.toMatchObject({
      code: 'conflict',
      found: 'revision 4 by eve',
    })
  })

  it('catches up through the snapshot where its position was compacted', async () => {
    const store = createMemoryStore()
    const { one, two, clock } = openTwo(store)
    await one.commit(set('n', 1))
    await two.refresh()
    for (let n = 2; n <= 10; n += 1) await one.commit(set('n', n))
    await one.snapshot()
    await store.compact({ keepAfter: 9 })
    expect(await two.commit(set('other', 1))).toMatchObject({ revision: 11 })
    await expect(two.commit(set('n', 2), { basedOn: 1 })).rejects.toMatchObject({
      code: 'conflict',
      found: 'revision 10 by a commit before the snapshot',
    })
    expect(clock.pendingTimers).toBe(0)
  })

  it('is refused where the log that it was decided on was replaced, whatever the revisions say', async () => {
    const clock = createManualClock()
    let log = createMemoryStore()
    const store: Store = {
      ...log,
      read: (after, limit) => log.read(after, limit),
      append: (commit) => log.append(commit),
    }
    const replica = createReplica({ store, clock })
    await replica.commit(set('a', 1))
    await replica.commit(set('b', 1))
    log = createMemoryStore()
    const restored = createReplica({ store: log, clock })
    for (const n of [7, 8, 9]) await restored.commit(set(n === 7 ? 'a' : 'b', n, 'bob'))
    await expect(replica.commit(set('a', 2))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('the log was replaced'),
    })
    expect(await log.read(3)).toEqual([])
    expect(replica.get('a')?.value).toBe(7)
    expect(await replica.commit(set('a', 2))).toMatchObject({ revision: 4 })
  })

  it('stays open, and is not refused, where its log is replaced and lost right after it was written', async () => {
    const written = createMemoryStore()
    const shorter = createMemoryStore()
    let log = written
    let isDown = false
    const replica = createReplica({
      clock: createManualClock(),
      store: {
        ...written,
        read: async (after, limit) => {
          if (isDown) throw new Error('connection refused')
          return log.read(after, limit)
        },
        append: async (commit) => {
          await log.append(commit)
          if (commit.revision < 3) return
          log = shorter
          await replica.refresh()
          isDown = true
        },
      },
    })
    await createReplica({ store: shorter }).commit(set('c', 1, 'bob'))
    for (const key of ['a', 'b']) await replica.commit(set(key, 1))
    await expect(replica.commit(set('a', 2))).rejects.toMatchObject({ code: 'outcome_unknown' })
    expect(await written.read(2)).toHaveLength(1)
    expect(replica.get('c')?.value).toBe(1)
  })

  it('may be told to depend on nothing', async () => {
    const { one, two } = openTwo()
    await two.refresh()
    await one.commit(set('a', 1))
    await two.commit(set('a', 2), { dependsOn: [] })
    expect(two.get('a')).toMatchObject({ value: 2, revision: 2 })
  })

  it('lets commits of one replica follow one another in the order they were asked for', async () => {
    const { one } = openTwo()
    const commits = await Promise.all([1, 2, 3, 4].map((n) => one.commit(set(`k${n}`, n))))
    expect(commits.map((commit) => commit.revision)).toEqual([1, 2, 3, 4])
    const both = await Promise.allSettled([one.commit(set('a', 1)), one.commit(set('a', 2))])
    expect(both.map((result) => result.status)).toEqual(['fulfilled', 'rejected'])
  })

  it('refuses a bad draft, changes nothing, and goes on', async () => {
    const { one, store } = openTwo()
    await expect(one.commit(set('', 1))).rejects.toMatchObject({ code: 'invalid_commit' })
    await expect(one.commit(set('a', 'x'.repeat(1_000_000)))).rejects.toMatchObject({
      code: 'commit_too_large',
    })
    expect(await store.read(0)).toEqual([])
    await one.commit(set('a', 1))
    await one.close()
    await expect(one.commit(set('a', 2))).rejects.toMatchObject({ code: 'replica_closed' })
  })
})

describe('a commit whose append fails', () => {
  it('is acknowledged once where the store wrote it and then failed', async () => {
    const memory = createMemoryStore()
    let appends = 0
    const { one } = openTwo({
      ...memory,
      append: async (commit) => {
        appends += 1
        await memory.append(commit)
        throw new Error('connection reset')
      },
    })
    expect(await one.commit(set('a', 1))).toMatchObject({ revision: 1 })
    expect(appends).toBe(1)
    expect(await memory.read(0)).toHaveLength(1)
  })

  it('is made again, unchanged, where the store did not write it', async () => {
    const memory = createMemoryStore()
    let appends = 0
    const { one } = openTwo({
      ...memory,
      append: async (commit) => {
        appends += 1
        if (appends === 1) throw new Error('connection reset')
        await memory.append(commit)
      },
    })
    await one.commit(set('a', 1))
    expect(await memory.read(0)).toMatchObject([{ revision: 1 }])
  })

  it('is not taken for written where a twin of another process took the position', async () => {
    const memory = createMemoryStore()
    const { one, two } = openTwo({
      ...memory,
      append: async (commit) => {
        const head = (await memory.read(0)).length
        if (head === 0) {
          // The same words at the same instant, by another hand.
          const { one: twin } = openTwo(memory)
          await twin.commit(set('a', 1))
          throw new Error('connection reset')
        }
        await memory.append(commit)
      },
    })
    await two.refresh()
    await one.refresh()
    await expect(one.commit(set('a', 1))).rejects.toMatchObject({ code: 'conflict' })
  })

  it('is not taken for written after a plain refusal, even if a twin looks the same to the bit', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const twins = [1, 2].map(() => createReplica({ store, clock, random: () => 0.5 }))
    await Promise.all(twins.map((twin) => twin.refresh()))
    const both = await Promise.allSettled(twins.map((twin) => twin.commit(set('a', 1))))
    expect(both.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('says outcome_unknown where it cannot be seen, after trying for a while', async () => {
    const memory = createMemoryStore()
    let isDown = false
    const down = async (): Promise<never> => {
      throw new Error('no route to host')
    }
    const { one, clock } = openTwo({
      ...memory,
      read: (after, limit) => (isDown ? down() : memory.read(after, limit)),
      append: down,
    })
    await one.refresh()
    isDown = true
    const failing = one.commit(set('a', 1))
    const seen = expect(failing).rejects.toMatchObject({
      code: 'outcome_unknown',
      cause: { code: 'store_unreachable' },
    })
    await clock.advance(2_000)
    await seen
  })

  it('is not tried again where the store says that nothing was written', async () => {
    const memory = createMemoryStore()
    let appends = 0
    const { one } = openTwo({
      ...memory,
      append: async () => {
        appends += 1
        throw new SluiceError('store_full', 'no room')
      },
    })
    await expect(one.commit(set('a', 1))).rejects.toMatchObject({ code: 'store_full' })
    expect(appends).toBe(1)
  })

  it('gives up on a store that refuses a position and shows nothing there', async () => {
    const memory = createMemoryStore()
    const { one, clock } = openTwo({
      ...memory,
      append: async () => {
        throw new SluiceError('conflict', 'taken')
      },
    })
    const failing = expect(one.commit(set('a', 1))).rejects.toMatchObject({
      code: 'store_inconsistent',
    })
    await clock.advance(60_000)
    await failing
  })
})
