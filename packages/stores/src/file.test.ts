import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, type Head, sealCommit } from './chain.ts'
import type { CompactableStore } from './compaction.ts'
import { createFileStore } from './file.ts'
import { createReplica } from './replica.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit } from './store.ts'
import { verifyLog } from './verify-log.ts'

let directory: string
let store: CompactableStore

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-file-'))
  store = createFileStore({ directory })
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const fileOf = (revision: number) => join(directory, `${String(revision).padStart(12, '0')}.json`)

function commitAt(head: Head, value: unknown = head.revision + 1): Commit {
  const changes = [{ key: 'count', value: value as number }]
  return sealCommit({ actor: 'ann', action: 'count', reason: 'a test', changes }, head, 1)
}

async function appendSome(count: number, after: Head = genesis): Promise<Commit[]> {
  const commits: Commit[] = []
  for (let index = 0; index < count; index += 1) {
    const commit = commitAt(commits.at(-1) ?? after)
    await store.append(commit)
    commits.push(commit)
  }
  return commits
}

describe('a file store', () => {
  it('keeps each commit as one readable file', async () => {
    const [commit] = await appendSome(1)
    const text = await readFile(fileOf(1), 'utf8')
    expect(text).toContain('\n  "actor": "ann",\n')
    expect(JSON.parse(text)).toEqual(commit)
    expect(await readdir(directory)).toEqual(['000000000001.json'])
  })

  it('passes over foreign files and fresh leftovers, and sweeps old leftovers when opened', async () => {
    await writeFile(join(directory, 'README.md'), 'the log of the shop')
    await writeFile(join(directory, '.000000000001.json.a.tmp'), '{"revis')
    await writeFile(join(directory, '.000000000001.json.b.tmp'), '{"revis')
    const longAgo = new Date(Date.now() - 3_600_000)
    await utimes(join(directory, '.000000000001.json.b.tmp'), longAgo, longAgo)
    expect(await store.read(0)).toEqual([])
    await appendSome(1)
    expect(await readdir(directory)).toEqual([
      '.000000000001.json.a.tmp',
      '000000000001.json',
      'README.md',
    ])
  })

  it('refuses the head of a log that was taken back to an older backup', async () => {
    const commits = await appendSome(5)
    await rm(fileOf(5))
    await rm(fileOf(4))
    await expect(store.append(commitAt(commits[4]!))).rejects.toMatchObject({ code: 'conflict' })
    await store.append(commitAt(commits[2]!, 'again'))
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 4 } })
  })
})

describe('damage to a file store', () => {
  const damages = {
    'a truncated file': (text: string) => text.slice(0, text.length / 2),
    'an empty file': () => '',
    'an altered byte': (text: string) => text.replace('"ann"', '"amn"'),
    'a file of another shape': () => '{"revision":3}',
    'another commit under the name': (text: string) =>
      text.replace('"revision": 3', '"revision": 4'),
  }
  for (const [name, damage] of Object.entries(damages)) {
    it(`is named by file and revision: ${name}`, async () => {
      await appendSome(5)
      await writeFile(fileOf(3), damage(await readFile(fileOf(3), 'utf8')))
      await expect(createFileStore({ directory }).read(0)).rejects.toMatchObject({
        code: 'corrupt_commit',
        message: expect.stringMatching(/000000000003\.json of revision 3 .*Restore/),
      })
      expect(await store.read(3)).toHaveLength(2)
      expect(await verifyLog(store)).toMatchObject({ ok: false, revision: 3 })
    })
  }

  it('stops a replica before it, with the last good state in service, until it is repaired', async () => {
    await appendSome(5)
    const whole = await readFile(fileOf(3), 'utf8')
    await writeFile(fileOf(3), whole.slice(0, 40))
    const replica = createReplica({ store: createFileStore({ directory }) })
    const told: string[] = []
    replica.on('error', (error) => told.push(error.code))
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'corrupt_commit' })
    expect(replica.head.revision).toBe(2)
    expect(replica.get('count')).toMatchObject({ value: 2 })
    expect(told).toEqual(['corrupt_commit'])
    await writeFile(fileOf(3), whole)
    await replica.refresh()
    expect(replica.head.revision).toBe(5)
  })

  it('is told apart from the end of the log: a deleted file in the middle', async () => {
    const commits = await appendSome(6)
    await rm(fileOf(4))
    for (const reader of [store, createFileStore({ directory })]) {
      await expect(reader.read(0)).rejects.toMatchObject({ code: 'missing_commit' })
      await expect(reader.read(3)).rejects.toMatchObject({ code: 'missing_commit' })
      expect(await reader.read(0, 3)).toEqual(commits.slice(0, 3))
      expect(await reader.read(4)).toEqual(commits.slice(4))
    }
    expect(await verifyLog(store)).toMatchObject({
      ok: false,
      revision: 4,
      because: expect.stringContaining('Revision 4 is missing'),
    })
    const replica = createReplica({ store })
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'missing_commit' })
    expect(replica.head.revision).toBe(3)
  })

  it('is found by a reader that had come to just before it', async () => {
    const late = createFileStore({ directory })
    const commits = await appendSome(3)
    expect(await late.read(0)).toHaveLength(3)
    await appendSome(2, commits[2]!)
    await rm(fileOf(4))
    await expect(late.read(3)).rejects.toMatchObject({ code: 'missing_commit' })
    await expect(late.read(2)).rejects.toMatchObject({ code: 'missing_commit' })
  })

  it('is found where several files in a row were deleted', async () => {
    await appendSome(7)
    for (const revision of [3, 4, 5]) await rm(fileOf(revision))
    await expect(store.read(0)).rejects.toMatchObject({ code: 'missing_commit' })
    await expect(createFileStore({ directory }).read(2)).rejects.toMatchObject({
      code: 'missing_commit',
    })
    expect(await verifyLog(store)).toMatchObject({ ok: false, revision: 3 })
  })

  it('does not let a late writer fill the gap that a deleted file left', async () => {
    const late = createFileStore({ directory })
    const commits = await appendSome(3)
    expect(await late.read(0)).toHaveLength(3)
    await appendSome(2, commits[2]!)
    await rm(fileOf(4))
    await expect(late.append(commitAt(commits[2]!, 'late'))).rejects.toMatchObject({
      code: 'missing_commit',
    })
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('of the newest snapshot leaves the one before it in use', async () => {
    const commits = await appendSome(3)
    for (const commit of commits) await store.writeSnapshot(sealSnapshot(commit, [], 1))
    await writeFile(join(directory, 'snapshot-000000000003.json'), '{"revision":3')
    expect(await store.readSnapshot()).toMatchObject({ revision: 2 })
    await writeFile(join(directory, 'snapshot-000000000002.json'), '{}')
    await expect(store.readSnapshot()).rejects.toMatchObject({ code: 'corrupt_snapshot' })
    expect(await verifyLog(store)).toMatchObject({ ok: false })
  })
})

describe('compaction of a file store', () => {
  async function compactedAt(keepAfter: number) {
    const commits = await appendSome(10)
    const replica = createReplica({ store })
    await replica.refresh()
    await replica.snapshot()
    const compaction = await store.compact({ keepAfter, archive: join(directory, 'archive') })
    return { commits, compaction }
  }

  it('drops what a snapshot covers, and the rest still verifies across the cut', async () => {
    const { commits, compaction } = await compactedAt(6)
    const { revision, hash } = commits[5]!
    expect(compaction).toEqual({ cut: { revision, hash }, dropped: 6 })
    const other = createFileStore({ directory })
    expect(await other.read(6)).toEqual(commits.slice(6))
    await expect(other.read(5)).rejects.toMatchObject({
      code: 'compacted',
      cut: { revision, hash },
    })
    expect(await verifyLog(other)).toMatchObject({ ok: true, from: { revision: 6 } })
    await writeFile(fileOf(7), (await readFile(fileOf(7), 'utf8')).replace('ann', 'amn'))
    expect(await verifyLog(other)).toMatchObject({ ok: false, revision: 7 })
  })

  it('archives what it drops as JSON lines that verify by themselves', async () => {
    const { commits } = await compactedAt(6)
    const text = await readFile(join(directory, 'archive', 'commits-1-6.jsonl'), 'utf8')
    const archived = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Commit)
    expect(archived).toEqual(commits.slice(0, 6))
    expect(await verifyLog(archived)).toMatchObject({ ok: true, head: { revision: 6 } })
  })

  it('lets a reader below the cut go on from the snapshot, and one at the cut from the log', async () => {
    const commits = await appendSome(10)
    const [behind, atCut] = [createReplica({ store }), createReplica({ store })]
    const resets: string[] = []
    const changes: number[] = []
    behind.on('reset', (head, reason) => resets.push(`${head.revision} ${reason}`))
    atCut.on('reset', (head, reason) => resets.push(`at the cut: ${head.revision} ${reason}`))
    atCut.on('change', (commit) => changes.push(commit.revision))
    await behind.refresh()
    await atCut.refresh()
    changes.length = 0
    await appendSome(10, commits[9]!)
    const writer = createReplica({ store: createFileStore({ directory }) })
    await writer.refresh()
    await writer.snapshot()
    await store.compact({ keepAfter: 10 })
    await atCut.refresh()
    expect(changes).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
    await store.compact({ keepAfter: 15 })
    await behind.refresh()
    expect(resets).toEqual(['20 snapshot'])
    expect(behind.head).toEqual(writer.head)
    expect(behind.entries()).toMatchObject([{ key: 'count', value: 20, revision: 20 }])
  })

  it('refuses a dropped position, even from a writer that has not looked since', async () => {
    const late = createFileStore({ directory })
    const [first] = await appendSome(1)
    expect(await late.read(0)).toHaveLength(1)
    await appendSome(9, first!)
    const replica = createReplica({ store })
    await replica.refresh()
    await replica.snapshot()
    await store.compact({ keepAfter: 10 })
    expect(await readdir(directory)).toContain('000000000010.json')
    await expect(late.append(commitAt(first!, 'late'))).rejects.toMatchObject({ code: 'conflict' })
    expect(await verifyLog(late)).toMatchObject({ ok: true, head: { revision: 10 } })
    const writer = createReplica({ store: late })
    await writer.commit({ actor: 'bob', action: 'count', reason: 'after', changes: [] })
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 11 } })
  })

  it('refuses where no snapshot covers it, or the snapshot is of another log', async () => {
    const commits = await appendSome(5)
    await expect(store.compact({ keepAfter: 3 })).rejects.toMatchObject({
      code: 'snapshot_missing',
    })
    await store.writeSnapshot(sealSnapshot(commits[1]!, [], 1))
    await expect(store.compact({ keepAfter: 3 })).rejects.toMatchObject({
      code: 'snapshot_missing',
    })
    await store.writeSnapshot(sealSnapshot({ revision: 4, hash: genesis.hash }, [], 1))
    await expect(store.compact({ keepAfter: 3 })).rejects.toMatchObject({ code: 'broken_chain' })
    expect(await store.read(0)).toEqual(commits)
  })

  it('may run twice at once and again, and only ever moves forward', async () => {
    await appendSome(10)
    const replica = createReplica({ store })
    await replica.snapshot()
    const other = createFileStore({ directory })
    await Promise.all([
      store.compact({ keepAfter: 8 }),
      other.compact({ keepAfter: 4 }),
      store.compact({ keepAfter: 6 }),
    ])
    expect(await store.compact({ keepAfter: 2 })).toMatchObject({
      cut: { revision: 8 },
      dropped: 0,
    })
    expect(await verifyLog(other)).toMatchObject({ ok: true, from: { revision: 8 } })
  })
})
