import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isExpired, readArchive } from './archive.ts'
import { genesis, type Head, sealCommit } from './chain.ts'
import { createFold } from './fold.ts'
import { createMemoryStore } from './memory.ts'
import { applyRetention } from './retention.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit, Store } from './store.ts'
import { verifyLog } from './verify-log.ts'

const dayMs = 86_400_000
const day = (n: number) => Date.UTC(2026, 0, 1) + n * dayMs
let archive: string

beforeEach(async () => {
  archive = await mkdtemp(join(tmpdir(), 'sluice-retention-'))
})
afterEach(async () => {
  await rm(archive, { recursive: true })
})

/** Writes a commit on each of these days, in production on the even ones. */
async function write(store: Store, days: readonly number[], after: Head = genesis) {
  const commits: Commit[] = []
  for (const n of days) {
    const commit = sealCommit(
      {
        actor: 'ann',
        action: 'set',
        reason: `day ${n}`,
        environment: n % 2 === 0 ? 'production' : 'staging',
        changes: [{ key: 'day', value: n }],
      },
      commits.at(-1) ?? after,
      day(n),
    )
    await store.append(commit)
    commits.push(commit)
  }
  const fold = createFold()
  for (const commit of commits) fold.add(commit)
  await store.writeSnapshot(sealSnapshot(fold.head, fold.slots(), day(0)))
  return commits
}

async function archived(): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readArchive(archive)) {
    lines.push(isExpired(line) ? `${line.revision} ${line.expired}` : `${line.revision}`)
  }
  return lines
}

describe('retention', () => {
  it('keeps ninety days in the log and each class its own time in the archive', async () => {
    const store = createMemoryStore()
    await write(store, [0, 1, 2, 3, 100, 101])
    const first = await applyRetention({ store, archive, now: day(95) })
    expect(first).toMatchObject({ dropped: 4, expired: 2, cut: { revision: 4 } })
    expect(await archived()).toEqual(['1', '2 standard', '3', '4 standard'])
    expect(await verifyLog(store, { archive })).toMatchObject({
      ok: true,
      from: genesis,
      head: { revision: 6 },
    })
    // Nothing is over that was not before.
    expect(await applyRetention({ store, archive, now: day(95) })).toMatchObject({
      dropped: 0,
      expired: 0,
    })
    await applyRetention({ store, archive, now: day(195) })
    expect(await archived()).toEqual(['1', '2 standard', '3', '4 standard', '5'])
    // A year on, the oldest file holds nothing any more, and is gone.
    expect(await applyRetention({ store, archive, now: day(368) })).toMatchObject({ expired: 2 })
    expect(await readdir(archive)).toEqual(['commits-5-5.jsonl'])
    expect(await verifyLog(store, { archive })).toMatchObject({ ok: true, from: { revision: 4 } })
  })

  it('keeps everything for three years where a trade asks for it', async () => {
    const store = createMemoryStore()
    await write(store, [0, 1, 2])
    const classOf = () => 'compliance' as const
    await applyRetention({ store, archive, classOf, now: day(1_095) })
    expect(await archived()).toEqual(['1', '2'])
    await applyRetention({ store, archive, classOf, now: day(1_095) + 1 })
    expect(await archived()).toEqual(['1 compliance', '2'])
  })

  it('takes periods of the application', async () => {
    const store = createMemoryStore()
    await write(store, [0, 1, 2])
    await applyRetention({ store, archive, now: day(10), days: { standard: 5, production: 10 } })
    expect(await archived()).toEqual(['1', '2 standard'])
  })

  it('drops nothing by periods, or a time, that are none', async () => {
    const store = createMemoryStore()
    const commits = await write(store, [0, 1, 2])
    for (const days of [{ standard: Number.NaN }, { standard: -5 }, { standard: '90d' as never }]) {
      await expect(applyRetention({ store, archive, days, now: day(3) })).rejects.toMatchObject({
        code: 'invalid_retention',
      })
    }
    await expect(applyRetention({ store, archive, now: Number.NaN })).rejects.toThrow()
    const unset = { standard: undefined as never }
    expect(await applyRetention({ store, archive, days: unset, now: day(3) })).toMatchObject({
      dropped: 0,
    })
    expect(await store.read(0)).toEqual(commits)
  })

  it('leaves in the log what no snapshot covers', async () => {
    const store = createMemoryStore()
    const commits = await write(store, [0, 1])
    await store.append(sealCommit({ ...draft, changes: [] }, commits[1] as Head, day(2)))
    await store.append(sealCommit({ ...draft, changes: [] }, (await store.read(2))[0]!, day(3)))
    const { cut } = await applyRetention({ store, archive, now: day(500) })
    expect(cut.revision).toBe(2)
  })
})

const draft = { actor: 'ann', action: 'note', reason: 'a note' }

describe('an archive', () => {
  it('is not believed where a line was changed, lost, doubled or cut off', async () => {
    const store = createMemoryStore()
    await write(store, [0, 2, 4, 6, 8])
    await applyRetention({ store, archive, now: day(100) })
    const path = join(archive, 'commits-1-4.jsonl')
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    const broken: [string, string[], number][] = [
      ['an edit', lines.map((line) => line.replace('day 4', 'day 5')), 3],
      ['a lost line', lines.filter((_, index) => index !== 1), 2],
      ['a lost end', lines.slice(0, 3), 4],
      ['an exchange', [lines[1]!, lines[0]!, lines[2]!, lines[3]!], 1],
      ['no JSON', [...lines.slice(0, 2), '{', lines[3]!], 3],
    ]
    for (const [name, text, revision] of broken) {
      await writeFile(path, `${text.join('\n')}\n`)
      expect(await verifyLog(store, { archive }), name).toMatchObject({ ok: false, revision })
    }
  })

  it('is held to a head that was noted before what is in the log', async () => {
    const store = createMemoryStore()
    const commits = await write(store, [0, 2, 4, 6, 8])
    await applyRetention({ store, archive, now: day(100) })
    const expectedHead = { revision: 2, hash: commits[1]!.hash }
    expect(await verifyLog(store, { archive, expectedHead })).toMatchObject({ ok: true })
    expectedHead.hash = commits[0]!.hash
    expect(await verifyLog(store, { archive, expectedHead })).toMatchObject({
      ok: false,
      revision: 2,
    })
  })

  it('may overlap with the log, after a compaction that was cut off', async () => {
    const store = createMemoryStore()
    const commits = await write(store, [0, 2, 4, 6, 8])
    await applyRetention({ store, archive, now: day(91) })
    await writeFile(
      join(archive, 'commits-2-4.jsonl'),
      commits.slice(1, 4).map((commit) => `${JSON.stringify(commit)}\n`),
    )
    expect(await archived()).toEqual(['1', '2', '3', '4'])
    expect(await verifyLog(store, { archive })).toMatchObject({ ok: true, from: genesis })
  })

  it('names the file and the line that it cannot read', async () => {
    await appendFile(join(archive, 'commits-1-1.jsonl'), '{"revision":1}\n')
    await expect(archived()).rejects.toThrow(/Line 1 of .*commits-1-1\.jsonl/)
  })
})
