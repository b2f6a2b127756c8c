import type { SluiceError } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, sealCommit } from './chain.ts'
import { set, useReplicas } from './replica.fixture.ts'
import type { Replica } from './replica-contract.ts'
import type { Store } from './store.ts'

const fixture = useReplicas({ beforeEach, afterEach })

describe('a replica', () => {
  it('answers what was written, by key and by prefix', async () => {
    const replica = fixture.open()
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
    const replica = fixture.open()
    await replica.commit(set('flag/a', 1))
    await replica.commit(set('flag/a', null))
    expect(replica.get('flag/a')).toBeUndefined()
    expect(replica.keys()).toEqual([])
    expect(replica.revisionOf('flag/a')).toBe(2)
    expect(replica.revisionOf('flag/b')).toBe(0)
  })

  it('folds each change of another replica in once, in order, standing at it', async () => {
    const reader = fixture.open()
    const seen: unknown[] = []
    reader.on('change', ({ revision }, keys) =>
      seen.push([revision, keys, reader.head.revision, reader.get('n')?.value]),
    )
    await reader.start()
    const writer = fixture.open()
    for (const n of [1, 2, 3]) await writer.commit(set('n', n))
    await fixture.clock.advance(0)
    expect(seen).toEqual([1, 2, 3].map((n) => [n, ['n'], n, n]))
    expect(writer.head).toEqual(reader.head)
  })

  it('finds by its poll what it was not woken for', async () => {
    const reader = fixture.open({ store: silent(), pollMs: 1_000 })
    await reader.start()
    await fixture.clock.advance(0)
    await fixture.open().commit(set('a', 1))
    await fixture.clock.advance(999)
    expect(reader.get('a')).toBeUndefined()
    await fixture.clock.advance(1)
    expect(reader.get('a')?.value).toBe(1)
  })

  it('tells each event to every listener, though one throws, and not to one that left', async () => {
    const replica = fixture.open()
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

  it('hears what an async listener throws', async () => {
    const replica = fixture.open()
    const errors: string[] = []
    replica.on('error', ({ code }) => errors.push(code))
    const asleep = async () => {
      throw new Error('later')
    }
    replica.on('change', asleep as () => void)
    await replica.commit(set('a', 1))
    await fixture.clock.advance(0)
    expect(errors).toEqual(['listener_failed'])
  })

  it('serves refreshes that come while one runs by one more', async () => {
    let reads = 0
    const counting = fixture.storeWith({
      read: (after, limit) => {
        reads += 1
        return fixture.store.read(after, limit)
      },
    })
    const replica = fixture.open({ store: counting })
    await Promise.all([1, 2, 3, 4, 5].map(() => replica.refresh()))
    expect(reads).toBe(2)
  })

  it('gives the commits that touched a key', async () => {
    const replica = fixture.open()
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
    await fixture.store.compact({ keepAfter: 2 })
    expect(await revisions('')).toEqual([3, 4])
  })
})

describe('the status of a replica', () => {
  it('goes from defaults to live, and to cached while the store does not answer', async () => {
    let isDown = true
    const flaky = fixture.storeWith({
      read: async (after, limit) => {
        if (isDown) throw new Error('connection refused')
        return fixture.store.read(after, limit)
      },
    })
    await fixture.open().commit(set('a', 1))
    const replica = fixture.open({ store: flaky, random: () => 1 })
    const seen: string[] = []
    const errors: string[] = []
    replica.on('status', (status) => seen.push(status))
    replica.on('error', (error) => errors.push(`${error.code} ${fixture.clock.now() - startedAt}`))
    const startedAt = fixture.clock.now()
    await replica.start()
    expect(replica.status).toBe('defaults')
    expect(replica.stalenessMs).toBe(Number.POSITIVE_INFINITY)
    await fixture.clock.advance(15_000)
    // After 1, 2, 3 … failures: 2, 4, 8 … seconds.
    expect(errors).toEqual([0, 2_000, 6_000, 14_000].map((ms) => `store_unreachable ${ms}`))
    isDown = false
    await fixture.clock.advance(15_000)
    expect(replica.status).toBe('live')
    expect(replica.stalenessMs).toBe(0)
    isDown = true
    await fixture.clock.advance(2_500)
    expect(replica.status).toBe('cached')
    expect(replica.stalenessMs).toBe(2_500)
    expect(replica.get('a')?.value).toBe(1)
    expect(seen).toEqual(['live', 'cached'])
  })

  it('is tried again for ever, at least every thirty seconds', async () => {
    let reads = 0
    const dead = fixture.storeWith({
      read: async () => {
        reads += 1
        throw new Error('gone')
      },
    })
    const replica = fixture.open({ store: dead, random: () => 1 })
    await replica.start()
    await fixture.clock.advance(86_400_000)
    expect(reads).toBeGreaterThanOrEqual(86_400 / 30)
    expect(reads).toBeLessThan(86_400 / 30 + 10)
  })

  it('is waited for by ready, no longer than asked', async () => {
    const replica = fixture.open()
    const early = replica.ready({ timeoutMs: 100 })
    await fixture.clock.advance(100)
    expect(await early).toBe(false)
    const late = replica.ready()
    await replica.start()
    expect(await late).toBe(true)
    expect(await replica.ready({ timeoutMs: 0 })).toBe(true)
    const other = fixture.open()
    const waiting = other.ready()
    await other.close()
    expect(await waiting).toBe(false)
    expect(await other.ready()).toBe(false)
  })

  it('tries again to watch every half minute, and says once why it cannot', async () => {
    let tried = 0
    let isDeaf = true
    let wake = () => {}
    const store = fixture.storeWith({
      watch: async (woken) => {
        tried += 1
        if (isDeaf) throw new Error('no streams through here')
        wake = woken
        return () => {}
      },
    })
    const replica = fixture.open({ store, random: () => 1, pollMs: 10_000 })
    const errors: string[] = []
    replica.on('error', ({ code }) => errors.push(code))
    await replica.start()
    await fixture.clock.advance(90_000)
    expect([tried, errors]).toEqual([4, ['store_unreachable']])
    isDeaf = false
    await fixture.clock.advance(300_000)
    expect(tried).toBe(5)
    await fixture.store.append(sealCommit(set('a', 1), genesis, 1))
    wake()
    await fixture.clock.advance(0)
    expect(replica.get('a')?.value).toBe(1)
  })

  it('watches anew after an outage, for the old watch may be dead', async () => {
    let isDown = false
    const wakes: (() => void)[] = []
    let stopped = 0
    const flaky = fixture.storeWith({
      read: async (after, limit) => {
        if (isDown) throw new Error('connection refused')
        return fixture.store.read(after, limit)
      },
      watch: async (wake) => {
        wakes.push(wake)
        return () => {
          stopped += 1
        }
      },
    })
    const replica = fixture.open({ store: flaky })
    await replica.start()
    await fixture.clock.advance(0)
    isDown = true
    await fixture.clock.advance(1_000)
    isDown = false
    await fixture.clock.advance(30_000)
    expect([wakes.length, stopped]).toEqual([2, 1])
    await fixture.store.append(sealCommit(set('a', 1), genesis, 1))
    wakes[1]!()
    await fixture.clock.advance(0)
    expect(replica.get('a')?.value).toBe(1)
  })
})

/** The store, without the means to wake anyone. */
function silent(): Store {
  const { watch: _, ...rest } = fixture.store
  return rest
}
