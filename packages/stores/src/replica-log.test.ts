import { SluiceError } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, sealCommit } from './chain.ts'
import { createMemoryStore } from './memory.ts'
import { set, useReplicas } from './replica.fixture.ts'
import type { Commit, Store } from './store.ts'

const fixture = useReplicas({ beforeEach, afterEach })

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
    return fixture.storeWith({
      read: async (after, limit = 1_000) => log.commits.slice(after, after + limit),
      append: async () => {
        throw new SluiceError('conflict', 'taken')
      },
    })
  }

  it('is taken over when it was replaced, and that is told', async () => {
    const log = { commits: commitsOf(5, 'ann') }
    const replica = fixture.open({ store: storeOver(log) })
    await replica.refresh()
    const seen: unknown[] = []
    replica.on('reset', (head, reason) => seen.push([head.revision, reason]))
    replica.on('log.replaced', ({ from, to }) => seen.push([from.revision, to.revision]))
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
    const replica = fixture.open({ store: storeOver(log) })
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
    const replica = fixture.open({ store: storeOver(log) })
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
      const replica = fixture.open({
        store: fixture.storeWith({ read: async () => junk as never }),
      })
      await expect(replica.refresh()).rejects.toMatchObject({ code: 'broken_chain' })
      expect(replica.head).toEqual(genesis)
    }
  })
})

describe('snapshots of a replica', () => {
  it('are written by whoever writes the commit that is due one', async () => {
    const [one, two] = [fixture.open({ snapshotEvery: 5 }), fixture.open({ snapshotEvery: 5 })]
    for (let n = 1; n <= 7; n += 1) await (n % 2 ? one : two).commit(set(`k${n}`, n))
    await fixture.clock.advance(0)
    const snapshot = await fixture.store.readSnapshot()
    expect(snapshot).toMatchObject({ revision: 5 })
    expect(snapshot?.entries).toHaveLength(5)
  })

  it('spare a new reader the commits before, deletions included', async () => {
    const writer = fixture.open()
    await writer.commit(set('gone', 1))
    await writer.commit(set('gone', null))
    await writer.commit(set('kept', 1))
    await writer.snapshot()
    await writer.commit(set('kept', 2))
    await fixture.store.compact({ keepAfter: 3 })
    const reader = fixture.open()
    const seen: unknown[] = []
    reader.on('reset', (head, reason) => seen.push([head.revision, reason]))
    reader.on('change', (commit) => seen.push(commit.revision))
    await reader.refresh()
    expect(seen).toEqual([[3, 'snapshot'], 4])
    expect(reader.entries()).toMatchObject(writer.entries())
    expect(reader.revisionOf('gone')).toBe(2)
  })

  it('are passed over where they are damaged or of another log, and the log is folded instead', async () => {
    const writer = fixture.open()
    for (const n of [1, 2, 3]) await writer.commit(set('n', n))
    const snapshot = await writer.snapshot()
    const other = sealCommit(set('n', 9, 'eve'), genesis, 1)
    const cases = [{ ...snapshot, entries: [] }, { ...snapshot, hash: other.hash }, 'nonsense']
    for (const bad of cases) {
      const reader = fixture.open({
        store: fixture.storeWith({ readSnapshot: async () => bad as never }),
      })
      const codes: string[] = []
      reader.on('error', (error) => codes.push(error.code))
      await reader.refresh()
      expect(codes).toEqual(['corrupt_snapshot'])
      expect(reader.head).toEqual(writer.head)
    }
  })

  it('of another log never come into service', async () => {
    const elsewhere = createMemoryStore()
    const stranger = fixture.open({ store: elsewhere })
    for (const n of [1, 2, 3]) await stranger.commit(set('n', -n, 'eve'))
    const foreign = await stranger.snapshot()
    for (const n of [1, 2, 3, 4]) await fixture.open().commit(set('n', n))
    const reader = fixture.open({ store: fixture.storeWith({ readSnapshot: async () => foreign }) })
    const seen: unknown[] = []
    reader.on('reset', (_, reason) => seen.push(reason))
    reader.on('log.replaced', () => seen.push('log.replaced'))
    await reader.refresh()
    expect(seen).toEqual([])
    expect(reader.get('n')?.value).toBe(4)
  })

  it('of another log do not come into service behind a cut either, at it or beyond it', async () => {
    const stranger = fixture.open({ store: createMemoryStore() })
    for (const n of [1, 2]) await stranger.commit(set('n', -n, 'eve'))
    const foreign = [await stranger.snapshot()]
    await stranger.commit(set('n', -3, 'eve'))
    foreign.push(await stranger.snapshot())
    const writer = fixture.open()
    for (const n of [1, 2, 3, 4]) await writer.commit(set('n', n))
    await writer.snapshot()
    await fixture.store.compact({ keepAfter: 2 })
    for (const snapshot of foreign) {
      const store = fixture.storeWith({ readSnapshot: async () => snapshot })
      const reader = fixture.open({ store })
      await expect(reader.refresh()).rejects.toMatchObject({ code: 'snapshot_missing' })
      expect(reader.entries()).toEqual([])
    }
  })

  it('that cannot be written are reported, and the commit stands', async () => {
    const full = fixture.storeWith({
      writeSnapshot: async () => {
        throw new SluiceError('store_full', 'no room')
      },
    })
    const replica = fixture.open({ store: full, snapshotEvery: 1 })
    const codes: string[] = []
    replica.on('error', (error) => codes.push(error.code))
    await replica.commit(set('a', 1))
    await fixture.clock.advance(0)
    expect(codes).toEqual(['store_full'])
    expect(replica.get('a')?.value).toBe(1)
  })
})
