import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { backupLog, restoreLog, verifyBackup } from './backup.ts'
import type { CompactableStore } from './compaction.ts'
import { createMemoryStore } from './memory.ts'
import { set } from './replica.fixture.ts'
import { createReplica } from './replica.ts'
import type { Store } from './store.ts'
import { verifyLog } from './verify-log.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-backup-'))
  path = join(directory, 'log.jsonl')
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

async function written(count: number): Promise<CompactableStore> {
  const store = createMemoryStore()
  const replica = createReplica({ store })
  for (let n = 1; n <= count; n += 1) await replica.commit(set(`k${n}`, n))
  return store
}

async function valuesIn(store: Store): Promise<string[]> {
  const replica = createReplica({ store })
  await replica.refresh()
  const values = replica.entries().map(({ key, value }) => `${key} ${value}`)
  await replica.close()
  return values
}

describe('a backup', () => {
  it('restores into an empty store, which then is the same log', async () => {
    const store = await written(450)
    const backup = await backupLog(store, path)
    expect(backup).toMatchObject({ from: { revision: 0 }, head: { revision: 450 } })
    const other = createMemoryStore()
    expect(await restoreLog(path, other)).toEqual(backup)
    expect(await other.read(0)).toEqual(await store.read(0))
    expect(await verifyLog(other, { expectedHead: backup.head })).toMatchObject({ ok: true })
  })

  it('of a compacted log restores its snapshot and what follows', async () => {
    const store = await written(9)
    const replica = createReplica({ store })
    await replica.snapshot()
    await store.compact({ keepAfter: 6 })
    await replica.commit(set('k10', 10))
    const before = await valuesIn(store)
    const other = createMemoryStore()
    expect(await backupLog(store, path)).toMatchObject({ from: { revision: 6 } })
    await restoreLog(path, other)
    expect(await valuesIn(other)).toEqual(before)
    expect(await verifyLog(other)).toMatchObject({ ok: true, from: { revision: 6 } })
    await createReplica({ store: other }).commit(set('k11', 11))
  })

  it('of an empty log restores an empty log', async () => {
    await backupLog(createMemoryStore(), path)
    const other = createMemoryStore()
    await restoreLog(path, other)
    expect(await other.read(0)).toEqual([])
  })

  it('goes on where an interrupted restore ended', async () => {
    const store = await written(6)
    await backupLog(store, path)
    const other = createMemoryStore()
    let left = 3
    const dying = {
      ...other,
      append: async (commit: Parameters<Store['append']>[0]) => {
        if (left-- === 0) throw new Error('the power is gone')
        await other.append(commit)
      },
    }
    await expect(restoreLog(path, dying)).rejects.toThrow('the power is gone')
    await restoreLog(path, other)
    expect(await other.read(0)).toEqual(await store.read(0))
  })

  it('is not laid over another log, nor over a longer one', async () => {
    await backupLog(await written(3), path)
    for (const length of [2, 3, 4]) {
      const other = await written(length)
      const before = await other.read(0)
      await expect(restoreLog(path, other)).rejects.toMatchObject({ code: 'log_not_empty' })
      expect(await other.read(0)).toEqual(before)
    }
  })

  it('is not laid over a log that ends before its first commit, or with another one', async () => {
    const store = await written(9)
    await createReplica({ store }).snapshot()
    await store.compact({ keepAfter: 6 })
    await backupLog(store, path)
    for (const length of [3, 6, 8]) {
      const other = await written(length)
      const before = await other.read(0)
      await expect(restoreLog(path, other)).rejects.toMatchObject({ code: 'log_not_empty' })
      expect(await other.read(0)).toEqual(before)
    }
  })

  it('is whole where the log is compacted while it is made', async () => {
    const store = await written(9)
    const replica = createReplica({ store })
    await replica.snapshot()
    await store.compact({ keepAfter: 3 })
    for (let n = 10; n <= 12; n += 1) await replica.commit(set(`k${n}`, n))
    let isFirst = true
    const busy = {
      ...store,
      readSnapshot: async () => {
        const snapshot = await store.readSnapshot()
        if (isFirst) {
          isFirst = false
          await replica.snapshot()
          await store.compact({ keepAfter: 11 })
        }
        return snapshot
      },
    }
    // It is refused, or it can be restored: never made and useless.
    const outcome = await backupLog(busy, path).then(
      () => 'made',
      ({ code }: { code: unknown }) => code,
    )
    expect(outcome).toBe('compacted')
    await backupLog(busy, path)
    const other = createMemoryStore()
    await restoreLog(path, other)
    expect(await valuesIn(other)).toEqual(await valuesIn(store))
  })

  it('without the snapshot that stands for what was compacted, or with a strange one, is refused', async () => {
    const store = await written(9)
    await createReplica({ store }).snapshot()
    await store.compact({ keepAfter: 6 })
    const stranger = createReplica({ store: createMemoryStore() })
    for (let n = 1; n <= 9; n += 1) await stranger.commit(set(`k${n}`, -n))
    for (const snapshot of [undefined, await stranger.snapshot()]) {
      await backupLog({ ...store, readSnapshot: async () => snapshot }, path)
      await expect(verifyBackup(path)).rejects.toMatchObject({ code: 'corrupt_backup' })
    }
  })

  it('is refused whole where any byte of it was changed, and where it was cut off', async () => {
    const store = await written(3)
    await createReplica({ store }).snapshot()
    await backupLog(store, path)
    const text = await readFile(path, 'utf8')
    for (let at = 0; at < text.length - 1; at += 1) {
      const other = text[at] === '0' ? '1' : '0'
      await writeFile(path, text.slice(0, at) + other + text.slice(at + 1))
      await expect(verifyBackup(path), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/corrupt_backup|corrupt_snapshot/),
      })
    }
    for (const length of [0, 1, text.length - 3, text.lastIndexOf('{')]) {
      await writeFile(path, text.slice(0, length))
      const empty = createMemoryStore()
      await expect(restoreLog(path, empty)).rejects.toMatchObject({ code: 'corrupt_backup' })
      expect(await empty.read(0)).toEqual([])
    }
  })

  it('keeps the one before where the store fails', async () => {
    await backupLog(await written(1), path)
    const store = await written(2)
    const failing = {
      ...store,
      read: async () => {
        throw new Error('gone')
      },
    }
    await expect(backupLog(failing, path)).rejects.toThrow()
    expect(await verifyBackup(path)).toMatchObject({ head: { revision: 1 } })
  })
})
