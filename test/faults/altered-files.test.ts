import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Commit,
  type CompactableStore,
  createReplica,
  type Head,
  verifyLog,
} from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { editBytes, isSameContent } from './disk/edits.ts'

const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const size = 3
const draft = (value: number) => ({
  actor: 'ann',
  action: 'set_rollout',
  reason: 'Ärger',
  changes: [{ key: 'exposure/production/a', value: { rollout: value, of: [0, null, 'x'] } }],
})

let root: string
/** A log of three commits with snapshots of the first and the second; never altered itself. */
let original: string
let commits: readonly Commit[]
let head: Head
/** A copy, altered by one test. */
let directory: string
let store: CompactableStore

beforeAll(async () => {
  root = mkdtempSync(join(place, 'sluice-altered-'))
  original = join(root, 'original')
  const writer = createFileStore({ directory: original, create: true })
  const replica = createReplica({ store: writer, snapshotEvery: 0 })
  for (let value = 1; value <= size; value += 1) {
    await replica.commit(draft(value))
    if (value < size) await replica.snapshot()
  }
  commits = await writer.read(0)
  head = replica.head
})
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(async () => {
  directory = mkdtempSync(join(root, 'copy-'))
  await cp(original, directory, { recursive: true })
  store = createFileStore({ directory })
})

const nameOf = (revision: number) => `${String(revision).padStart(12, '0')}.json`
const fileOf = (revision: number) => join(directory, nameOf(revision))
const dropSnapshots = () =>
  Promise.all([1, 2].map((revision) => rm(join(directory, `snapshot-${nameOf(revision)}`))))
/** A store of its own each time: nothing is remembered of the log before. */
const verify = (expectedHead?: Head) => verifyLog(createFileStore({ directory }), { expectedHead })

describe('a commit file with one byte altered', () => {
  for (let revision = 1; revision <= size; revision += 1) {
    it(`is named by verifyLog wherever the byte is: revision ${revision}`, async () => {
      const bytes = await readFile(fileOf(revision))
      let altered = 0
      for (const { edited, what } of editBytes(bytes)) {
        await writeFile(fileOf(revision), edited)
        const check = await verify()
        if (isSameContent(edited, bytes)) expect(check, what).toMatchObject({ ok: true, head })
        else {
          expect(check, what).toMatchObject({ ok: false, revision })
          altered += 1
        }
      }
      expect(altered).toBeGreaterThan(bytes.length)
    })

    it(`is named wherever it is cut short: revision ${revision}`, async () => {
      const bytes = await readFile(fileOf(revision))
      for (let length = 0; length < bytes.length - 1; length += 1) {
        await writeFile(fileOf(revision), bytes.subarray(0, length))
        expect(await verify(), `${length} bytes`).toMatchObject({ ok: false, revision })
      }
    })
  }

  it('stops a replica just before it, and never serves what it says', async () => {
    const text = await readFile(fileOf(3), 'utf8')
    await writeFile(fileOf(3), text.replace('"rollout": 3', '"rollout": 100'))
    await dropSnapshots()
    const replica = createReplica({ store })
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'corrupt_commit' })
    expect(replica.head.revision).toBe(2)
    expect(replica.get('exposure/production/a')).toMatchObject({ value: { rollout: 2 } })
  })
})

describe('a log whose files were moved', () => {
  it('is bad from the first of two that were swapped', async () => {
    for (let one = 1; one < size; one += 1) {
      for (let other = one + 1; other <= size; other += 1) {
        const texts = [await readFile(fileOf(one)), await readFile(fileOf(other))]
        await writeFile(fileOf(one), texts[1]!)
        await writeFile(fileOf(other), texts[0]!)
        expect(await verify(), `${one} and ${other}`).toMatchObject({ ok: false, revision: one })
        await writeFile(fileOf(one), texts[0]!)
        await writeFile(fileOf(other), texts[1]!)
      }
    }
  })

  it('is bad from the one that was deleted, or lost its name, to whatever other name', async () => {
    await dropSnapshots()
    for (let revision = 1; revision <= size; revision += 1) {
      for (const name of [
        'away',
        `0${nameOf(revision)}`,
        nameOf(revision).slice(1),
        nameOf(9),
        nameOf(9_000_000),
        `cut-${nameOf(revision)}.old`,
        `.${nameOf(revision)}.tmp`,
      ]) {
        await rename(fileOf(revision), join(directory, name))
        // Only the last one is not missed by those behind it.
        const check = await verify(revision === size ? head : undefined)
        expect(check, `${revision} as ${name}`).toMatchObject({ ok: false, revision })
        await rename(join(directory, name), fileOf(revision))
      }
      expect(await verify(head)).toMatchObject({ ok: true })
    }
  })

  it('is bad where a file was put in the place of another, or behind the last', async () => {
    for (const [from, to] of [
      [1, 3],
      [3, 2],
      [2, 4],
      [3, 4],
    ] as const) {
      const there = to <= size ? await readFile(fileOf(to)) : undefined
      await writeFile(fileOf(to), await readFile(fileOf(from)))
      expect(await verify(head), `${from} as ${to}`).toMatchObject({ ok: false, revision: to })
      if (there === undefined) await rm(fileOf(to))
      else await writeFile(fileOf(to), there)
    }
  })

  it('shows a cut-off end against a head that was noted elsewhere, and only so', async () => {
    await dropSnapshots()
    for (let last = size - 1; last >= 0; last -= 1) {
      await rm(fileOf(last + 1))
      expect(await verify()).toMatchObject({ ok: true, head: { revision: last } })
      expect(await verify(head)).toMatchObject({ ok: false, revision: last + 1 })
    }
  })

  it('shows an end that was written anew', async () => {
    await dropSnapshots()
    await rm(fileOf(3))
    await createReplica({ store }).commit(draft(99))
    expect(await verify()).toMatchObject({ ok: true, head: { revision: 3 } })
    expect(await verify(head)).toMatchObject({ ok: false, revision: 3 })
    await createReplica({ store }).commit(draft(100))
    expect(await verify(head)).toMatchObject({ ok: false, revision: 3 })
  })
})

describe('a compacted log with an altered cut', () => {
  beforeEach(async () => {
    await store.compact({ keepAfter: 2 })
    expect(await verify(head)).toMatchObject({ ok: true, from: { revision: 2 } })
  })
  const cutFile = () => join(directory, `cut-${nameOf(1)}`)

  it('does not verify, whichever byte it is', async () => {
    const bytes = await readFile(cutFile())
    for (const { edited, what } of editBytes(bytes)) {
      await writeFile(cutFile(), edited)
      const check = await verify(head)
      expect(check.ok, what).toBe(isSameContent(edited, bytes))
      const replica = createReplica({ store: createFileStore({ directory }) })
      await replica.refresh().catch(() => {})
      // What was known stays in service, or nothing; never another state.
      const known = [undefined, ...commits.slice(1).map(({ hash }) => hash)]
      expect(known, what).toContain(replica.head.revision === 0 ? undefined : replica.head.hash)
    }
  })

  it('does not verify without it', async () => {
    await rm(cutFile())
    expect(await verify()).toMatchObject({ ok: false, revision: 1 })
  })

  it('does not verify against a head that the cut contradicts', async () => {
    const { hash } = commits[0]!
    expect(await verify({ revision: 2, hash })).toMatchObject({ ok: false, revision: 2 })
    expect(await verify(commits[1])).toMatchObject({ ok: true })
  })
})
