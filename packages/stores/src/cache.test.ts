import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommitDraft } from './draft.ts'
import { createManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { createReplica } from './replica.ts'
import type { Store } from './store.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-cache-'))
  path = join(directory, 'flags.json')
})
afterEach(() => rm(directory, { recursive: true }))

const set = (value: number): CommitDraft => ({
  actor: 'ann',
  action: 'set',
  reason: 'a test',
  changes: [{ key: 'a', value }],
})

/** Writes to a store through a replica with a cache, and closes it. */
async function fillCache(store: Store, value: number): Promise<void> {
  const replica = createReplica({ store, cache: path })
  await replica.start()
  await replica.commit(set(value))
  await replica.close()
}

const deadStore: Store = {
  ...createMemoryStore(),
  read: async () => {
    throw new Error('no route to host')
  },
}

describe('the cache of a replica', () => {
  it('is what a commit is decided from, until the store was seen', async () => {
    const store = createMemoryStore()
    await fillCache(store, 1)
    await createReplica({ store }).commit(set(2))
    let isAway = true
    const replica = createReplica({
      store: {
        ...store,
        read: async (after, limit) => {
          if (isAway) throw new Error('no route to host')
          return store.read(after, limit)
        },
      },
      cache: path,
    })
    await replica.start()
    const seen = replica.get('a')?.value as number
    expect(seen).toBe(1)
    isAway = false
    // It would undo a change that it has not seen.
    await expect(replica.commit(set(seen + 1))).rejects.toMatchObject({ code: 'conflict' })
    await replica.close()
  })

  it('serves the last known state where the store cannot be reached', async () => {
    await fillCache(createMemoryStore(), 7)
    const clock = createManualClock(Date.now() + 60_000)
    const replica = createReplica({ store: deadStore, cache: path, clock })
    const resets: string[] = []
    replica.on('reset', (head, reason) => resets.push(`${head.revision} ${reason}`))
    await replica.start()
    expect(replica.status).toBe('cached')
    expect(replica.get('a')?.value).toBe(7)
    expect(resets).toEqual(['1 cache'])
    expect(replica.stalenessMs).toBeGreaterThan(50_000)
    await replica.close()
  })

  it('is where catching up begins, and what it missed comes as changes', async () => {
    const store = createMemoryStore()
    await fillCache(store, 1)
    await createReplica({ store }).commit(set(2))
    const replica = createReplica({ store, cache: path })
    const changes: number[] = []
    replica.on('change', (commit) => changes.push(commit.revision))
    await replica.start()
    expect(await replica.ready()).toBe(true)
    expect(changes).toEqual([2])
    expect(replica.get('a')?.value).toBe(2)
    await replica.close()
  })

  it('of another log gives way to the log of the store', async () => {
    await fillCache(createMemoryStore(), 1)
    const store = createMemoryStore()
    await createReplica({ store }).commit(set(2))
    const replica = createReplica({ store, cache: path })
    const replaced: number[] = []
    replica.on('log.replaced', ({ to }) => replaced.push(to.revision))
    await replica.start()
    await replica.ready()
    expect([replica.get('a')?.value, replaced]).toEqual([2, [1]])
    await replica.close()
  })

  it('that is damaged is passed over, reported and replaced', async () => {
    const store = createMemoryStore()
    await fillCache(store, 1)
    const text = await readFile(path, 'utf8')
    for (const bad of ['', '{"revision":', 'null', text.replace('"value":1', '"value":9')]) {
      await writeFile(path, bad)
      const replica = createReplica({ store: deadStore, cache: path })
      const codes: string[] = []
      replica.on('error', (error) => codes.push(error.code))
      await replica.start()
      expect([replica.status, codes]).toEqual(['defaults', ['corrupt_cache']])
      await replica.close()
    }
    await fillCache(store, 2)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ revision: 2 })
    expect(await readdir(directory)).toEqual(['flags.json'])
  })

  it('is written some seconds after a change, once for many', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const replica = createReplica({ store, cache: path, clock })
    await replica.start()
    for (const value of [1, 2, 3]) await replica.commit(set(value))
    expect(await readdir(directory)).toEqual([])
    await clock.advance(5_000)
    await expect
      .poll(async () => JSON.parse(await readFile(path, 'utf8').catch(() => '{}')))
      .toMatchObject({ revision: 3 })
    await replica.close()
    expect(clock.pendingTimers).toBe(0)
  })

  it('that cannot be written is reported, and the replica goes on', async () => {
    const cache = join(directory, 'missing', 'flags.json')
    const replica = createReplica({ store: createMemoryStore(), cache })
    const codes: string[] = []
    replica.on('error', (error) => codes.push(error.code))
    await replica.start()
    await replica.commit(set(1))
    await replica.close()
    expect(codes).toEqual(['cache_write_failed'])
  })

  it('that could not be written is written later, though nothing changes any more', async () => {
    const clock = createManualClock()
    const cache = join(directory, 'later', 'flags.json')
    const replica = createReplica({ store: createMemoryStore(), cache, clock })
    const codes: string[] = []
    replica.on('error', (error) => codes.push(error.code))
    await replica.start()
    await replica.commit(set(1))
    await clock.advance(5_000)
    await expect.poll(() => codes).toEqual(['cache_write_failed'])
    await mkdir(join(directory, 'later'))
    await clock.advance(60_000)
    await expect
      .poll(async () => JSON.parse(await readFile(cache, 'utf8').catch(() => '{}')))
      .toMatchObject({ revision: 1 })
    await replica.close()
    expect([codes, clock.pendingTimers]).toEqual([['cache_write_failed'], 0])
  })

  it('does not pile up the unfinished files of processes that were killed', async () => {
    const names = ['.flags.json.one.tmp', '.flags.json.two.tmp', '.other.json.one.tmp']
    for (const name of names) await writeFile(join(directory, name), '{"revision":')
    const clock = createManualClock(Date.now() + 3_600_000)
    const replica = createReplica({ store: createMemoryStore(), cache: path, clock })
    await replica.start()
    await replica.close()
    expect(await readdir(directory)).toEqual(['.other.json.one.tmp'])
  })
})
