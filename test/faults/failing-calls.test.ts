import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSluiceError } from '@sluice/core'
import {
  backupLog,
  type Clock,
  type CompactableStore,
  createReplica,
  refusalCodes,
  type Store,
  sealCommit,
  verifyBackup,
  verifyLog,
} from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DiskCall, type Gate, throughGate } from './disk/calls.ts'

vi.mock('node:fs/promises', async (importOriginal) => {
  const { interpose } = await import('./disk/calls.ts')
  return interpose(await importOriginal())
})

/** What a disk, a quota, a mode and a limit of open files say. */
const errnos = ['EIO', 'ENOSPC', 'EACCES', 'EMFILE'] as const

/** How a call fails: before it did anything, or so that it was done all the same. */
type Fault = { readonly errno: string; readonly isDone: boolean }

const faults: Fault[] = [
  ...errnos.map((errno) => ({ errno, isDone: false })),
  { errno: 'EIO', isDone: true },
]

const codes = ['store_failed', 'store_full', 'store_read_only', 'append_unknown']
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const later = { now: () => Date.now() + 3_600_000, after: () => () => {} }
const draft = (value: number) => ({
  actor: 'ann',
  action: 'count',
  reason: 'a fault',
  changes: [{ key: 'count', value }],
})

/** A log of five commits, with snapshots of three, an archive folder, a cache and a backup. */
let prepared: string
/** A copy of it for one try. */
let root: string
let directory: string
beforeAll(async () => {
  prepared = mkdtempSync(join(place, 'sluice-prepared-'))
  const store = createFileStore({ directory: join(prepared, 'log'), create: true })
  const replica = createReplica({ store, cache: join(prepared, 'cache.json') })
  await replica.start()
  for (let value = 1; value <= 5; value += 1) {
    await replica.commit(draft(value))
    if (value > 2) await replica.snapshot()
  }
  await backupLog(store, join(prepared, 'backup.jsonl'))
  await mkdir(join(prepared, 'archive'))
  await replica.close()
})
afterAll(() => rmSync(prepared, { recursive: true }))
beforeEach(makeRoot)
afterEach(() => rmSync(root, { recursive: true }))

async function makeRoot(): Promise<void> {
  root = mkdtempSync(join(place, 'sluice-fault-'))
  directory = join(root, 'log')
  await cp(prepared, root, { recursive: true })
}

/** A gate at which one call fails, counted from 1. */
function failAt(position: number, { errno, isDone }: Fault, counts: (call: DiskCall) => boolean) {
  const seen = { calls: 0 }
  const gate: Gate = async (call, proceed) => {
    if (!counts(call)) return proceed()
    seen.calls += 1
    if (seen.calls !== position) return proceed()
    // A file that was opened or closed is so, whatever the answer says.
    if (call.name === 'close' || (isDone && call.name !== 'open')) await proceed()
    throw Object.assign(new Error(`${errno}: ${call.name}`), { code: errno, syscall: call.name })
  }
  return { gate, seen }
}

/** An operation, and what must hold when one of its calls has failed. */
interface Trial {
  readonly prepare?: (store: CompactableStore) => Promise<unknown>
  readonly run: (store: CompactableStore) => Promise<unknown>
  /** Which calls to the disk are the operation's. Default: all. */
  readonly counts?: (call: DiskCall) => boolean
  /** Gets what `run` threw, or nothing, and tries again. */
  readonly verify: (store: CompactableStore, error: unknown) => Promise<void>
}

/** Runs an operation once for each call that it makes and each way that the call may fail. */
async function failEveryCall({ prepare, run, counts, verify }: Trial): Promise<number> {
  for (let position = 1; ; position += 1) {
    let isBehind = false
    for (const fault of faults) {
      rmSync(root, { recursive: true })
      await makeRoot()
      const store = createFileStore({ directory })
      await prepare?.(store)
      const { gate, seen } = failAt(position, fault, counts ?? (() => true))
      const error = await throughGate(gate, () => run(store)).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      isBehind = seen.calls < position
      const what = `call ${position} with ${JSON.stringify(fault)}, which threw ${error}`
      if (error !== undefined) {
        expect(isSluiceError(error), what).toBe(true)
        expect(codes, what).toContain((error as { code: string }).code)
      }
      // Reads that went on beside the failed one come to their end; a leak does not.
      await vi.waitFor(() => expect(openFiles(), what).toEqual([]))
      await verify(store, error).catch((cause: unknown) => {
        throw new Error(what, { cause })
      })
      await sweep()
      await store.close()
    }
    if (isBehind) return position - 1
  }
}

function openFiles(): string[] {
  if (!existsSync('/proc/self/fd')) return []
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(root) ? [path] : []
    } catch {
      // The one that listed the folder.
      return []
    }
  })
}

/** The next process of the log, an hour later; and nothing unfinished may be left after it. */
async function sweep(): Promise<void> {
  await createFileStore({ directory, clock: later })
    .read(0, 1)
    .catch(() => {})
  const names = await readdir(root, { recursive: true })
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
}

/** Pauses between tries pass at once; limits do not. */
const hasty: Clock = {
  now: Date.now,
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs < 5_000 ? 0 : delayMs)
    return () => clearTimeout(timer)
  },
}

const commitTo = (store: Store, value: number, clock = hasty) =>
  createReplica({ store, clock, snapshotEvery: 0 }).commit(draft(value))

describe('each call to the disk fails in turn', () => {
  it('in an append: what was refused is not there, and the next try writes it', async () => {
    const [last] = await createFileStore({ directory }).read(4)
    const commit = sealCommit(draft(6), last!, 1)
    const calls = await failEveryCall({
      run: (store) => store.append(commit),
      async verify(store, error) {
        const there = await createFileStore({ directory }).read(5)
        if (error === undefined) expect(there).toEqual([commit])
        if (refusalCodes.has((error as { code?: string })?.code ?? '')) expect(there).toEqual([])
        if (there.length === 0) await store.append(commit)
        expect(await store.read(5)).toEqual([commit])
        const expectedHead = commit
        expect(await verifyLog(store, { expectedHead })).toMatchObject({ ok: true })
      },
    })
    expect(calls).toBeGreaterThan(10)
  })

  it('in a commit of a replica: it is there once, or was refused', async () => {
    const calls = await failEveryCall({
      run: (store) => commitTo(store, 6),
      async verify(store, error) {
        if (error !== undefined) {
          expect(await store.read(5)).toEqual([])
          await commitTo(store, 6)
        }
        expect(await store.read(5)).toMatchObject([{ revision: 6, changes: draft(6).changes }])
        expect(await verifyLog(store)).toMatchObject({ ok: true, head: { revision: 6 } })
      },
    })
    expect(calls).toBeGreaterThan(10)
  })

  it('in a snapshot: the one before stays in use, and the next try writes it', async () => {
    const store = createFileStore({ directory })
    await commitTo(store, 6)
    const snapshot = await createReplica({ store }).snapshot()
    const calls = await failEveryCall({
      run: (store) => store.writeSnapshot(snapshot),
      async verify(store, error) {
        const there = await store.readSnapshot()
        expect([error === undefined ? 6 : 5, 6]).toContain(there?.revision)
        await store.writeSnapshot(snapshot)
        expect(await store.readSnapshot()).toEqual(snapshot)
        expect((await store.read(0)).map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5])
      },
    })
    expect(calls).toBeGreaterThan(10)
  })

  it('in a compaction: no commit is lost, and the next try drops and archives them', async () => {
    const before = await createFileStore({ directory }).read(0)
    const compact = (store: CompactableStore) =>
      store.compact({ keepAfter: 4, archive: join(root, 'archive') })
    const calls = await failEveryCall({
      run: compact,
      async verify(store) {
        expect(await verifyLog(createFileStore({ directory }))).toMatchObject({ ok: true })
        await compact(store)
        expect(await store.read(4)).toEqual(before.slice(4))
        expect(await readdir(directory)).not.toContain('000000000001.json')
        expect(await verifyLog(store, { archive: join(root, 'archive') })).toMatchObject({
          ok: true,
          from: { revision: 0 },
          head: { revision: 5 },
        })
      },
    })
    expect(calls).toBeGreaterThan(30)
  })

  it('in a backup: the one before stays, and the next try replaces it', async () => {
    const back = (store: Store) => backupLog(store, join(root, 'backup.jsonl'))
    const calls = await failEveryCall({
      prepare: (store) => commitTo(store, 6),
      run: back,
      async verify(store, error) {
        const { head } = await verifyBackup(join(root, 'backup.jsonl'))
        expect([error === undefined ? 6 : 5, 6]).toContain(head.revision)
        expect(await back(store)).toEqual(await verifyBackup(join(root, 'backup.jsonl')))
      },
    })
    expect(calls).toBeGreaterThan(10)
  })

  it('in the writing of a cache: it is told, the old one stays, the next try replaces it', async () => {
    let told: string[] = []
    async function open(store: Store) {
      told = []
      const replica = createReplica({ store, cache: join(root, 'cache.json') })
      replica.on('error', (error) => told.push(error.code))
      await replica.start()
      return replica
    }
    async function writeCache(store: Store, value: number): Promise<void> {
      const replica = await open(store)
      // Else the commit would rest on the cache, which is behind where it could not be written.
      await replica.refresh()
      await replica.commit(draft(value))
      await replica.close()
    }
    async function readCache(): Promise<unknown> {
      const down = () => Promise.reject(new Error('down'))
      const replica = await open({ ...createMemoryStore(), read: down, readSnapshot: down })
      await replica.close()
      expect([replica.status, told]).toEqual(['cached', []])
      return replica.get('count')?.value
    }
    const calls = await failEveryCall({
      counts: ({ path }) => path === root || path.includes('cache.json'),
      run: (store) => writeCache(store, 6),
      async verify(store, error) {
        expect(error).toBeUndefined()
        const isTold = told.length > 0
        expect([isTold ? 5 : 6, 6]).toContain(await readCache())
        await writeCache(store, 7)
        expect(told).toEqual([])
        expect(await readCache()).toBe(7)
      },
    })
    expect(calls).toBeGreaterThan(6)
  })
})
