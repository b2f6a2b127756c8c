import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { copyFile, cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Commit,
  type CompactableStore,
  createReplica,
  openFlags,
  type Store,
  sealSnapshot,
  verifyLog,
} from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { editBytes, isSameContent } from './disk/edits.ts'

const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const key = 'note/a'
const draft = (rollout: number) => ({
  actor: 'ann',
  action: 'set_rollout',
  reason: 'Ärger',
  changes: [{ key, value: { rollout } }],
})

let root: string
/** A log of four commits with snapshots of the second and the third, and a cache. */
let original: string
let commits: readonly Commit[]
/** A copy, altered by one test. */
let copy: string
let directory: string
let cache: string

beforeAll(async () => {
  root = mkdtempSync(join(place, 'sluice-states-'))
  original = join(root, 'original')
  await mkdir(original)
  const store = createFileStore({ directory: join(original, 'log'), create: true })
  const replica = createReplica({ store, cache: join(original, 'cache.json'), snapshotEvery: 0 })
  await replica.start()
  for (let rollout = 1; rollout <= 4; rollout += 1) {
    await replica.commit(draft(rollout))
    if (rollout === 2 || rollout === 3) await replica.snapshot()
  }
  await replica.close()
  commits = await store.read(0)
})
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(async () => {
  copy = mkdtempSync(join(root, 'copy-'))
  await cp(original, copy, { recursive: true })
  directory = join(copy, 'log')
  cache = join(copy, 'cache.json')
})

const openStore = () => createFileStore({ directory })
const nameOf = (revision: number) => `${String(revision).padStart(12, '0')}.json`
const snapshotOf = (revision: number) => join(directory, `snapshot-${nameOf(revision)}`)

/** What a new replica of the log knows after one look. */
async function lookAt(store: Store) {
  const replica = createReplica({ store })
  const codes: string[] = []
  replica.on('error', (error) => codes.push(error.code))
  await replica.refresh().catch(() => {})
  return { revision: replica.head.revision, value: replica.get(key)?.value, codes }
}

describe('a snapshot file with one byte altered', () => {
  it('is passed over for the one before, whichever byte it is', async () => {
    const bytes = await readFile(snapshotOf(3))
    for (const { edited, what } of editBytes(bytes)) {
      await writeFile(snapshotOf(3), edited)
      const revision = isSameContent(edited, bytes) ? 3 : 2
      expect(await openStore().readSnapshot(), what).toMatchObject({ revision })
    }
    expect(await lookAt(openStore())).toEqual({ revision: 4, value: { rollout: 4 }, codes: [] })
  })

  it('is never used where it is the only one: the log is read from its beginning', async () => {
    await rm(snapshotOf(2))
    const bytes = await readFile(snapshotOf(3))
    for (const { edited, what } of editBytes(bytes)) {
      if (isSameContent(edited, bytes)) continue
      await writeFile(snapshotOf(3), edited)
      const codes = ['corrupt_snapshot']
      expect(await lookAt(openStore()), what).toEqual({ revision: 4, value: { rollout: 4 }, codes })
      expect(await verifyLog(openStore()), what).toMatchObject({ ok: false, revision: 0 })
    }
  })

  it('serves nothing where the commits before it are gone, rather than what it says', async () => {
    await openStore().compact({ keepAfter: 3 })
    await rm(snapshotOf(2))
    const text = await readFile(snapshotOf(3), 'utf8')
    await writeFile(snapshotOf(3), text.replace('"rollout": 3', '"rollout": 9'))
    const found = await lookAt(openStore())
    expect(found).toMatchObject({ revision: 0, value: undefined })
    expect(found.codes).toContain('snapshot_missing')
    expect(await verifyLog(openStore())).toMatchObject({ ok: false, revision: 0 })
  })
})

describe('snapshot files that were moved', () => {
  it('are not used under the name of another revision', async () => {
    await rename(snapshotOf(2), snapshotOf(9))
    expect(await openStore().readSnapshot()).toMatchObject({ revision: 3 })
    expect(await lookAt(openStore())).toEqual({ revision: 4, value: { rollout: 4 }, codes: [] })
  })

  it('do not push out the one that is written next', async () => {
    await rename(snapshotOf(2), snapshotOf(8))
    await copyFile(snapshotOf(8), snapshotOf(9))
    const replica = createReplica({ store: openStore() })
    await replica.snapshot()
    expect(await openStore().readSnapshot()).toMatchObject({ revision: 4 })
  })

  it('are not used in a log to which they do not belong', async () => {
    const snapshot = sealSnapshot({ revision: 3, hash: commits[0]!.hash }, [], 1)
    await writeFile(snapshotOf(3), JSON.stringify(snapshot))
    expect(await lookAt(openStore())).toMatchObject({ revision: 4, value: { rollout: 4 } })
    expect(await verifyLog(openStore())).toMatchObject({ ok: false, revision: 3 })
  })

  it('are found out at the cut itself', async () => {
    await openStore().compact({ keepAfter: 3 })
    const snapshot = sealSnapshot({ revision: 3, hash: commits[0]!.hash }, [], 1)
    await writeFile(snapshotOf(3), JSON.stringify(snapshot))
    expect(await verifyLog(openStore())).toMatchObject({ ok: false, revision: 3 })
  })
})

describe('a cache file with one byte altered', () => {
  const down = () => Promise.reject(new Error('no route to host'))
  const dead: CompactableStore = { ...createMemoryStore(), read: down, readSnapshot: down }

  async function startFrom(path: string) {
    const client = openFlags({
      store: dead,
      cache: path,
      environment: 'production',
      definitions: { a: { enabled: true, rollout: 100, environments: ['production'] } },
    })
    const codes: string[] = []
    client.on('error', (error) => codes.push(error.code))
    await client.replica.start()
    const { status } = client
    const isEnabled = client.isEnabled('a', 'ann')
    await client.close()
    return { status, codes: codes.filter((code) => code !== 'store_unreachable'), isEnabled }
  }

  it('is reported and passed over, whichever byte it is, and the client starts', async () => {
    const bytes = await readFile(cache)
    expect((await startFrom(cache)).status).toBe('cached')
    for (const { edited, what } of editBytes(bytes)) {
      await writeFile(cache, edited)
      const isSame = isSameContent(edited, bytes)
      expect(await startFrom(cache), what).toEqual({
        status: isSame ? 'cached' : 'bootstrap',
        codes: isSame ? [] : ['corrupt_cache'],
        isEnabled: true,
      })
    }
  })

  it('or cut short anywhere, or a folder, or a file of another kind', async () => {
    const bytes = await readFile(cache)
    const wrong = [join(directory, nameOf(1)), directory]
    for (let length = 0; length < bytes.length; length += 1) {
      await writeFile(cache, bytes.subarray(0, length))
      expect(await startFrom(cache), `${length} bytes`).toMatchObject({
        status: 'bootstrap',
        codes: ['corrupt_cache'],
      })
    }
    for (const path of wrong) {
      expect(await startFrom(path)).toMatchObject({ status: 'bootstrap', codes: ['corrupt_cache'] })
    }
  })
})
