import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupLog, createReplica, verifyBackup, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'

let directory: string
let cleanUps: (() => void)[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-disk-'))
})
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) cleanUp()
  cleanUps = []
  await rm(directory, { recursive: true })
})

/** Root may mount a small disk; elsewhere the test says why it did not run. */
function mountDisk(context: TestContext, size: string): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'sluice', directory], {
      stdio: 'pipe',
    })
  } catch (error) {
    context.skip(`no tmpfs could be mounted here: ${String((error as Error).message).trim()}`)
  }
  cleanUps.push(() => execFileSync('umount', [directory], { stdio: 'pipe' }))
}

function write(replica: ReturnType<typeof createReplica>, count: number, padding = '') {
  return replica.commit({
    actor: 'ann',
    action: 'count',
    reason: 'the disk',
    changes: [{ key: 'count', value: { count, padding } }],
  })
}

describe('a file store on a disk that fills up', () => {
  it('refuses with store_full, keeps what it acknowledged, and goes on when there is room', async (context) => {
    mountDisk(context, '256k')
    const store = createFileStore({ directory })
    const replica = createReplica({ store })
    let acknowledged = 0
    const fill = async () => {
      for (;;) {
        await write(replica, acknowledged + 1, 'x'.repeat(10_000))
        acknowledged += 1
      }
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'store_full',
      message: expect.stringContaining('Free space'),
    })
    expect(acknowledged).toBeGreaterThan(5)
    expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: acknowledged } })
    await expect(replica.snapshot()).rejects.toMatchObject({ code: 'store_full' })

    execFileSync('mount', ['-o', 'remount,size=2m', directory])
    await write(replica, acknowledged + 1)
    expect(replica.head.revision).toBe(acknowledged + 1)
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: replica.head })
    await replica.close()
    await store.close()
  })
})

describe('what else is written to a disk that is full', () => {
  const makeRoom = () => execFileSync('mount', ['-o', 'remount,size=4m', directory])
  const temporaries = async () => (await readdir(directory)).filter((name) => name.endsWith('.tmp'))

  /** Leaves less room than what is written next needs. */
  async function fillDisk(): Promise<void> {
    await writeFile(join(directory, 'ballast'), 'x'.repeat(4_000_000)).catch(() => {})
  }

  it('a snapshot: the one before stays in use until there is room', async (context) => {
    mountDisk(context, '256k')
    const store = createFileStore({ directory })
    const replica = createReplica({ store })
    await write(replica, 1, 'x'.repeat(40_000))
    await replica.snapshot()
    await write(replica, 2, 'x'.repeat(40_000))
    await fillDisk()
    await expect(replica.snapshot()).rejects.toMatchObject({ code: 'store_full' })
    expect(await store.readSnapshot()).toMatchObject({ revision: 1 })
    expect(await temporaries()).toEqual([])
    makeRoom()
    await replica.snapshot()
    expect(await store.readSnapshot()).toMatchObject({ revision: 2 })
    expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 2 } })
  })

  it('a cache: it is told, the old one stays, and the next write replaces it', async (context) => {
    mountDisk(context, '256k')
    const store = createMemoryStore()
    const cache = join(directory, 'cache.json')
    const codes: string[] = []
    async function writeCache(count: number): Promise<void> {
      const replica = createReplica({ store, cache })
      replica.on('error', (error) => codes.push(error.code))
      await replica.start()
      // Else the commit would rest on the cache, which is behind where it could not be written.
      await replica.refresh()
      await write(replica, count, 'x'.repeat(40_000))
      await replica.close()
    }
    await writeCache(1)
    const old = await readFile(cache, 'utf8')
    await fillDisk()
    await writeCache(2)
    expect(codes).toEqual(['cache_write_failed'])
    expect(await readFile(cache, 'utf8')).toBe(old)
    expect(await temporaries()).toEqual([])
    makeRoom()
    await writeCache(3)
    expect(codes).toHaveLength(1)
    expect(JSON.parse(await readFile(cache, 'utf8'))).toMatchObject({ revision: 3 })
  })

  it('an archive and a backup: nothing is dropped that is not kept', async (context) => {
    mountDisk(context, '256k')
    const log = await mkdtemp(join(tmpdir(), 'sluice-log-'))
    const store = createFileStore({ directory: log })
    const replica = createReplica({ store })
    for (let count = 1; count <= 4; count += 1) await write(replica, count, 'x'.repeat(40_000))
    await replica.snapshot()
    const commits = await store.read(0)
    const archive = directory
    await fillDisk()
    const full = { code: 'store_full' }
    await expect(store.compact({ keepAfter: 3, archive })).rejects.toMatchObject(full)
    await expect(backupLog(store, join(directory, 'backup'))).rejects.toMatchObject(full)
    expect(await store.read(0)).toEqual(commits)
    expect(await readdir(directory)).toEqual(['ballast'])
    makeRoom()
    await store.compact({ keepAfter: 3, archive })
    expect(await verifyLog(store, { archive })).toMatchObject({ ok: true, from: { revision: 0 } })
    const backup = await backupLog(store, join(directory, 'backup'))
    expect(await verifyBackup(join(directory, 'backup'))).toEqual(backup)
    await rm(log, { recursive: true })
  })
})

describe('a file store in a folder that cannot be written', () => {
  it('reads on and refuses to write with store_read_only', async (context) => {
    mountDisk(context, '1m')
    const store = createFileStore({ directory })
    const replica = createReplica({ store })
    await write(replica, 1)
    execFileSync('mount', ['-o', 'remount,ro', directory])
    await expect(write(replica, 2)).rejects.toMatchObject({
      code: 'store_read_only',
      message: expect.stringContaining('Let this process write'),
    })
    await replica.refresh()
    expect(replica.get('count')).toMatchObject({ revision: 1 })
    const late = createReplica({ store: createFileStore({ directory }) })
    await late.refresh()
    expect(late.head).toEqual(replica.head)
    execFileSync('mount', ['-o', 'remount,rw', directory])
    await write(late, 2)
    expect(late.head.revision).toBe(2)
  })
})

describe('a file store whose folder is not there', () => {
  it('says store_missing and what to do, for a missing folder and for a file', async () => {
    const missing = createFileStore({ directory: join(directory, 'nowhere') })
    await expect(missing.read(0)).rejects.toMatchObject({
      code: 'store_missing',
      message: expect.stringContaining('create: true'),
    })
    await writeFile(join(directory, 'file'), 'not a folder')
    const file = createFileStore({ directory: join(directory, 'file') })
    await expect(file.read(0)).rejects.toMatchObject({ code: 'store_missing' })
    const below = createFileStore({ directory: join(directory, 'file', 'below'), create: true })
    await expect(below.read(0)).rejects.toMatchObject({ code: 'store_missing' })
  })

  it('serves the folder once it is there, and creates it where asked', async () => {
    const path = join(directory, 'a', 'b')
    const patient = createReplica({ store: createFileStore({ directory: path }) })
    await expect(patient.refresh()).rejects.toMatchObject({ code: 'store_missing' })
    const eager = createReplica({ store: createFileStore({ directory: path, create: true }) })
    await write(eager, 1)
    await patient.refresh()
    expect(patient.get('count')).toMatchObject({ revision: 1 })
  })

  it('keeps serving the last state when the folder goes away, and refuses to write', async () => {
    const path = join(directory, 'log')
    const store = createFileStore({ directory: path, create: true })
    const replica = createReplica({ store })
    await write(replica, 1)
    await rm(path, { recursive: true })
    await expect(write(replica, 2)).rejects.toMatchObject({ code: 'store_missing' })
    await expect(replica.refresh()).rejects.toMatchObject({ code: 'store_missing' })
    expect(replica.status).toBe('cached')
    expect(replica.get('count')).toMatchObject({ revision: 1 })
  })
})
