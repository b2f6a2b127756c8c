import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canary, createRolloutController, defaultPolicy } from '@sluice/rollout'
import { recoveryReport } from '@sluice/rollout/reports'
import { createManualClock, createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import {
  applyRetention,
  backupLog,
  type CommitDraft,
  createReplica,
  isExpired,
  openFlags,
  type RetentionClass,
  readArchive,
  restoreLog,
  type Store,
  verifyBackup,
  verifyLog,
} from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const startAt = Date.UTC(2026, 0, 1)
const { recovery, retentionDays } = defaultPolicy
const order = { actor: 'ann', reason: 'a drill' }

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-recovery-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

function note(name: string, change: Partial<CommitDraft> = {}): CommitDraft {
  return { ...order, action: 'note', changes: [{ key: `note/${name}`, value: name }], ...change }
}

async function stateOf(store: Store): Promise<unknown> {
  const replica = createReplica({ store })
  await replica.refresh()
  const entries = replica.entries()
  await replica.close()
  return entries
}

describe('a drill: the store is lost', () => {
  /** A rollout at 5 percent, a backup, what comes after it; then the folder is gone. */
  async function loseStore({ backupAgeMs }: { backupAgeMs: number }) {
    const clock = createManualClock(startAt)
    const folder = join(directory, 'log')
    const path = join(directory, 'backup.jsonl')
    const store = createFileStore({ directory: folder, create: true })
    const flags = openFlags({
      ...{ store, clock, environment: 'production' },
      definitions: { checkout: { enabled: true, environments: ['production'] } },
    })
    const errors: unknown[] = []
    flags.on('error', (error) => errors.push(error))
    await flags.ready()
    const controller = openController(flags.replica, clock)
    await controller.start(order)
    for (let index = 0; index < 20; index++) await flags.replica.commit(note(`${index}`))
    const backedUpAt = clock.now()
    const backup = await backupLog(store, path)
    const state = await stateOf(store)
    await clock.advance(backupAgeMs)
    await flags.replica.commit(note('after the backup'))
    const lastHead = flags.replica.head
    await rm(folder, { recursive: true })
    return { clock, folder, path, store, flags, backup, backedUpAt, state, lastHead, errors }
  }

  function openController(
    replica: Parameters<typeof createRolloutController>[0]['replica'],
    clock: ReturnType<typeof createManualClock>,
  ) {
    return createRolloutController({
      ...{ replica, clock, environment: 'production', flag: 'checkout', plan: canary() },
      judge: scriptedJudge(() => [createVerdict('pass')]),
    })
  }

  it('is over within the recovery time, with no more lost than the recovery point allows', async () => {
    const lost = await loseStore({ backupAgeMs: recovery.pointMs })
    const { clock, flags, path, backup, backedUpAt, lastHead } = lost
    const lostAt = clock.now()

    // Nobody is without an answer meanwhile.
    await clock.advance(30 * minuteMs)
    expect(flags.snapshot().inspect('checkout')?.exposure).toEqual({ enabled: true, rollout: 5 })
    // It is told, and goes on being told, that the store is gone.
    expect(lost.errors).not.toEqual([])
    await flags.close()

    const restored = createFileStore({ directory: lost.folder, create: true })
    expect(await restoreLog(path, restored)).toEqual(backup)
    const check = await verifyLog(restored, { expectedHead: backup.head })
    expect(await stateOf(restored)).toEqual(lost.state)

    // The rollout goes on from where it stood.
    const replica = createReplica({ store: restored, clock })
    await replica.start()
    await replica.ready()
    const controller = openController(replica, clock)
    expect(controller.state).toMatchObject({ phase: 'running', stage: 0 })
    controller.run()
    await clock.advance(10 * minuteMs)
    await controller.rollBack(order)
    expect(replica.get('exposure/production/checkout')?.value).toMatchObject({ rollout: 0 })
    const servedAt = clock.now()

    const report = recoveryReport({
      ...{ policy: defaultPolicy, backup, backedUpAt, lostAt, servedAt, check, lastHead },
    })
    expect(report).toEqual({
      recoveryTime: { value: 40 * minuteMs, target: hourMs, verdict: 'met' },
      recoveryPoint: { value: 15 * minuteMs, target: 15 * minuteMs, verdict: 'met' },
      ...{ isIntact: true, lostCommits: lastHead.revision - backup.head.revision, isMet: true },
    })
    expect(report.lostCommits).toBeGreaterThan(0)
    await controller.stop()
    await replica.close()
    await restored.close()
    await lost.store.close()
  })

  it('is reported as missed where the backup was too old, or the way back too long', async () => {
    const lost = await loseStore({ backupAgeMs: recovery.pointMs + 1 })
    const { clock, path, backup, backedUpAt } = lost
    const lostAt = clock.now()
    await lost.flags.close()
    await clock.advance(recovery.objectiveMs + 1)
    const restored = createMemoryStore()
    await restoreLog(path, restored)
    const check = await verifyLog(restored, { expectedHead: backup.head })
    const base = { policy: defaultPolicy, backup, backedUpAt, lostAt, check }
    expect(recoveryReport({ ...base, servedAt: clock.now() })).toMatchObject({
      recoveryTime: { verdict: 'missed' },
      recoveryPoint: { verdict: 'missed' },
      ...{ isIntact: true, isMet: false },
    })
    // A clock that went back is no fast recovery.
    expect(recoveryReport({ ...base, servedAt: lostAt - 1 })).toMatchObject({
      recoveryTime: { value: undefined, verdict: 'no_data' },
      isMet: false,
    })
    await lost.store.close()
  })

  it('does not pass with a log that is not the one of the backup', async () => {
    const { backup, flags, store, path } = await loseStore({ backupAgeMs: 0 })
    await flags.close()
    await store.close()
    const restored = createMemoryStore()
    await restoreLog(path, restored)
    const replica = createReplica({ store: restored })
    await replica.commit(note('somebody else was here'))
    await replica.close()
    const base = {
      ...{ policy: defaultPolicy, backup, backedUpAt: startAt, lostAt: startAt, servedAt: startAt },
    }
    const check = await verifyLog(restored, { expectedHead: backup.head })
    expect(recoveryReport({ ...base, check })).toMatchObject({ isIntact: false, isMet: false })
    const broken = { ok: false, revision: 3, because: 'its hash is another' } as const
    expect(recoveryReport({ ...base, check: broken })).toMatchObject({
      ...{ isIntact: false, isMet: false, because: 'revision 3: its hash is another' },
    })
  })

  it('refuses a damaged backup, and takes the one before', async () => {
    const { path, backup, flags, store } = await loseStore({ backupAgeMs: 0 })
    await flags.close()
    await store.close()
    const older = join(directory, 'older.jsonl')
    await cp(path, older)
    const text = await readFile(path, 'utf8')
    for (const damaged of [text.replace('"note/7"', '"note/8"'), text.slice(0, -100), '']) {
      await writeFile(path, damaged)
      const restored = createMemoryStore()
      await expect(restoreLog(path, restored)).rejects.toMatchObject({ code: 'corrupt_backup' })
      expect(await restored.read(0)).toEqual([])
    }
    expect(await verifyBackup(older)).toEqual(backup)
  })
})

describe('retention by the policy', () => {
  it('keeps standard commits 90 days, production a year, compliance three years', async () => {
    const clock = createManualClock(startAt)
    const store = createMemoryStore()
    const replica = createReplica({ store, clock, pollMs: 10_000 * dayMs })
    const archive = join(directory, 'archive')
    await replica.commit(note('a', { environment: 'staging' }))
    await replica.commit(note('b', { environment: 'production' }))
    await replica.commit(note('c', { environment: 'production', ticket: 'AUDIT-1' }))
    const classOf = ({ environment, ticket }: { environment?: string; ticket?: string }) =>
      (ticket?.startsWith('AUDIT') === true
        ? 'compliance'
        : environment === 'production'
          ? 'production'
          : 'standard') satisfies RetentionClass

    const keptAfter = async (days: number): Promise<string> => {
      const now = startAt + days * dayMs
      await clock.advance(now - clock.now())
      // The log keeps its newest part: something must follow what is to leave it.
      await replica.commit(note(`day ${days}`))
      await replica.snapshot()
      await applyRetention({ store, archive, days: retentionDays, classOf, now })
      const kept = new Set<string>()
      for await (const line of readArchive(archive)) {
        if (!isExpired(line)) for (const { key } of line.changes) kept.add(key)
      }
      for (const { changes } of await replica.history(''))
        for (const { key } of changes) kept.add(key)
      expect(await verifyLog(store, { archive })).toMatchObject({ ok: true })
      return ['a', 'b', 'c'].filter((name) => kept.has(`note/${name}`)).join('')
    }
    expect(await keptAfter(retentionDays.standard)).toBe('abc')
    expect(await keptAfter(retentionDays.standard + 1)).toBe('bc')
    expect(await keptAfter(retentionDays.production)).toBe('bc')
    expect(await keptAfter(retentionDays.production + 1)).toBe('c')
    expect(await keptAfter(retentionDays.compliance)).toBe('c')
    expect(await keptAfter(retentionDays.compliance + 1)).toBe('')
    await replica.close()
  })
})
