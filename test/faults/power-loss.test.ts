import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backupLog, createReplica, genesis, verifyBackup, verifyLog } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { throughGate } from './disk/calls.ts'
import { createLedger, createParty, type Ledger, type Party } from './disk/ledger.ts'
import { everyCut, type Mood, type Remains, restorePower } from './disk/power-cut.ts'

vi.mock('node:fs/promises', async (importOriginal) => {
  const { interpose } = await import('./disk/calls.ts')
  return interpose(await importOriginal())
})

const seeds = process.env.SLUICE_LONG ? 200 : 6

/** Numbers are seeds. */
const moods: Mood[] = ['forgetful', 'hollow', ...Array.from({ length: seeds }, (_, index) => index)]

/** What is recovered need not be durable again, and memory is faster. */
const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let root: string
beforeEach(() => {
  root = mkdtempSync(join(place, 'sluice-power-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** Hands each state that a power cut may leave to a check, on a disk of its own. */
async function atEveryCut(
  { steps, commits, states }: Ledger,
  from: number,
  check: (disk: string, done: number) => Promise<void>,
): Promise<void> {
  const promised = [...commits, ...states]
  const count = (at: number) => promised.filter(({ done }) => done <= at).length
  for (const { done, mood, remains } of everyCut(steps, moods, from, count)) {
    const disk = mkdtempSync(join(place, 'sluice-power-'))
    restorePower(remains, disk)
    try {
      await check(disk, done)
    } catch (error) {
      throw new Error(tell(steps, done, mood, remains), { cause: error })
    } finally {
      rmSync(disk, { recursive: true })
    }
  }
}

function tell(steps: Ledger['steps'], done: number, mood: Mood, remains: Remains): string {
  const taken = steps.slice(0, done).map((step) => {
    return `${step.kind} ${step.path} ${'to' in step ? step.to : ''}`
  })
  return `after ${done} steps, mood ${mood}:\n${taken.join('\n')}\nleft: ${[...remains.keys()].join(' ')}`
}

/** Holds a recovered log to everything that was promised before the power failed. */
async function checkLog(
  directory: string,
  done: number,
  ledger: Ledger,
  archive?: string,
): Promise<void> {
  const store = createFileStore({
    directory,
    create: true,
    clock: { now: () => Date.now() + 3_600_000, after: () => () => {} },
  })
  const promised = ledger.commits.filter((each) => each.done <= done).map(({ value }) => value)
  const last = promised.reduce((head, each) => (each.revision > head.revision ? each : head), {
    ...genesis,
  })
  const check = await verifyLog(store, {
    expectedHead: last.revision === 0 ? undefined : last,
    archive,
  })
  if (!check.ok) expect.fail(`revision ${check.revision}: ${check.because}`)
  if (archive !== undefined) expect(check.from).toEqual(genesis)

  const cut = await store.read(0, 1).then(
    () => 0,
    (error) => error.cut.revision as number,
  )
  const commits = await store.read(cut)
  const hashes = new Set(commits.map(({ hash }) => hash))
  for (const { revision, hash } of promised) {
    if (revision > cut) expect(hashes, `revision ${revision}`).toContain(hash)
  }
  for (const commit of commits) expect(commit).toEqual(ledger.attempted.get(commit.hash))
  const newest = newestState(ledger, done)
  expect((await store.readSnapshot())?.revision ?? 0).toBeGreaterThanOrEqual(newest)

  const replica = createReplica({ store, snapshotEvery: 0 })
  await replica.refresh()
  expect(replica.head).toEqual(check.head)
  const expected = new Map<string, unknown>()
  for (let hash = check.head.hash; hash !== genesis.hash; ) {
    const commit = ledger.attempted.get(hash)!
    for (const { key, value } of commit.changes) {
      if (!expected.has(key)) expected.set(key, value)
    }
    hash = commit.previousHash
  }
  expect(new Map(replica.entries().map(({ key, value }) => [key, value]))).toEqual(
    new Map([...expected].sort(([one], [other]) => (one < other ? -1 : 1))),
  )
  const changes = [{ key: 'after', value: 1 }]
  await replica.commit({ actor: 'ann', action: 'go_on', reason: 'power is back', changes })
  expect(await verifyLog(store)).toMatchObject({ ok: true, head: replica.head })
  expect((await readdir(directory)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  await replica.close()
  await store.close()
}

function newestState({ states }: Ledger, done: number): number {
  return Math.max(0, ...states.filter((each) => each.done <= done).map(({ value }) => value))
}

describe('a file store whose power fails at any step', () => {
  async function record(run: (party: Party, ledger: Ledger) => Promise<void>) {
    const directory = join(root, 'logs', 'production')
    const { ledger, gate } = createLedger(root)
    await throughGate(gate, () => run(createParty(directory, ledger), ledger))
    return ledger
  }

  it('has every acknowledged commit, from the first one in a new folder', async () => {
    const ledger = await record(async (party) => {
      for (let count = 0; count < 4; count += 1) await party.commit()
    })
    await atEveryCut(ledger, 0, (disk, done) =>
      checkLog(join(disk, 'logs', 'production'), done, ledger),
    )
  })

  it('has a commit that was acknowledged in spite of a sync that failed', async () => {
    const { ledger, gate } = createLedger(root)
    const party = createParty(join(root, 'log'), ledger)
    await throughGate(gate, () => party.commit())
    let hasFailed = false
    await throughGate(
      (call, proceed) => {
        const fails = !hasFailed && call.name === 'sync' && call.path === join(root, 'log')
        if (!fails) return gate(call, proceed)
        hasFailed = true
        return Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
      },
      () => party.commit(),
    )
    expect([hasFailed, ledger.commits.length]).toEqual([true, 2])
    await atEveryCut(ledger, 0, (disk, done) => checkLog(join(disk, 'log'), done, ledger))
  })

  it('begins where it was told to', async () => {
    const { ledger, gate } = createLedger(root)
    const { store } = createParty(join(root, 'log'), ledger)
    const cut = { revision: 3, hash: 'a'.repeat(64) }
    await throughGate(gate, () => store.startAfter(cut))
    ledger.states.push({ done: ledger.steps.length, value: 3 })
    await atEveryCut(ledger, 0, async (disk, done) => {
      const later = createFileStore({ directory: join(disk, 'log'), create: true })
      if (newestState(ledger, done) === 0) await later.read(0).catch(() => [])
      else await expect(later.read(0)).rejects.toMatchObject({ code: 'compacted', cut })
    })
  })

  it('has the old snapshots or the new one', async () => {
    const ledger = await record(async (party) => {
      for (let count = 0; count < 4; count += 1) {
        await party.commit()
        await party.snapshot()
      }
    })
    await atEveryCut(ledger, 0, (disk, done) =>
      checkLog(join(disk, 'logs', 'production'), done, ledger),
    )
  })

  it('has what was compacted in the log or in the archive', async () => {
    const archive = join(root, 'archive')
    const ledger = await record(async (party, { steps }) => {
      mkdirSync(archive)
      steps.push({ kind: 'mkdir', path: 'archive' }, { kind: 'sync', path: '' })
      for (let count = 0; count < 2; count += 1) {
        for (let each = 0; each < 3; each += 1) await party.commit()
        await party.snapshot()
        await party.compact(archive)
      }
    })
    await atEveryCut(ledger, 2, (disk, done) =>
      checkLog(join(disk, 'logs', 'production'), done, ledger, join(disk, 'archive')),
    )
  })
})

/** The calls at which the order of two processes makes a difference. */
const weighty = new Set(['open', 'sync', 'link', 'rename', 'unlink'])

describe('two processes, one stopped at any call while the other works, and a power cut', () => {
  for (const first of ['commit', 'snapshot', 'compact'] as const) {
    for (const second of ['commit', 'snapshot', 'threeSnapshots', 'compact'] as const) {
      it(`${first}, with a ${second} in the middle`, async () => {
        for (let stopAt = 1; ; stopAt += 1) {
          const directory = join(root, `${stopAt}`)
          mkdirSync(directory)
          const { ledger, gate } = createLedger(root)
          ledger.steps.push({ kind: 'mkdir', path: `${stopAt}` }, { kind: 'sync', path: '' })
          const [one, other] = [createParty(directory, ledger), createParty(directory, ledger)]
          let from = 0
          await throughGate(gate, async () => {
            for (let count = 0; count < 3; count += 1) await one.commit()
            await one.snapshot()
            // Twice, so that a cut below the newest snapshot is not covered by the one before.
            await other.commit()
            await other.commit()
            from = ledger.steps.length
          })
          let calls = 0
          let isWeighty = true
          await throughGate(
            async (call, proceed) => {
              calls += 1
              if (calls === stopAt) {
                isWeighty = weighty.has(call.name)
                await other[second]()
              }
              return gate(call, proceed)
            },
            () => one[first](),
          )
          const cuts = isWeighty ? from : ledger.steps.length
          await atEveryCut(ledger, cuts, (disk, done) =>
            checkLog(join(disk, `${stopAt}`), done, ledger),
          )
          if (calls < stopAt) break
        }
      })
    }
  }
})

describe('other files whose power fails at any step', () => {
  it('the cache holds the old state or the new one', async () => {
    const { ledger, gate } = createLedger(root)
    const store = createMemoryStore()
    await throughGate(gate, async () => {
      for (let revision = 1; revision <= 3; revision += 1) {
        const replica = createReplica({ store, cache: join(root, 'cache.json') })
        await replica.start()
        const changes = [{ key: 'a', value: revision }]
        await replica.commit({ actor: 'ann', action: 'set', reason: 'the power', changes })
        await replica.close()
        ledger.states.push({ done: ledger.steps.length, value: revision })
      }
    })
    const dead = { ...store, read: () => Promise.reject(new Error('no route to host')) }
    await atEveryCut(ledger, 0, async (disk, done) => {
      const replica = createReplica({ store: dead, cache: join(disk, 'cache.json') })
      const codes: string[] = []
      replica.on('error', ({ code }) => codes.push(code))
      await replica.start()
      const old = newestState(ledger, done)
      expect([old, old + 1]).toContain(replica.head.revision)
      expect(replica.get('a')?.value ?? 0).toBe(replica.head.revision)
      expect(codes).not.toContain('corrupt_cache')
      await replica.close()
    })
  })

  it('the backup is the old one or the new one', async () => {
    const { ledger, gate } = createLedger(root)
    const store = createMemoryStore()
    const writer = createReplica({ store })
    await throughGate(gate, async () => {
      for (let revision = 1; revision <= 3; revision += 1) {
        const changes = [{ key: 'a', value: revision }]
        await writer.commit({ actor: 'ann', action: 'set', reason: 'the power', changes })
        await backupLog(store, join(root, 'backup.jsonl'))
        ledger.states.push({ done: ledger.steps.length, value: revision })
      }
    })
    await atEveryCut(ledger, 0, async (disk, done) => {
      const path = join(disk, 'backup.jsonl')
      const old = newestState(ledger, done)
      if (old === 0 && !existsSync(path)) return
      const { head } = await verifyBackup(path)
      expect([old, old + 1]).toContain(head.revision)
    })
  })
})
