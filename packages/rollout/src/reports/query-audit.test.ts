import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyRetention, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { AuditRow } from './audit-row.ts'
import { type AuditQuery, queryAudit } from './query-audit.ts'

const startAt = Date.UTC(2026, 0, 1)
const dayMs = 86_400_000

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A day a commit: a flag that moves, a rollout that goes back, an approval, a deployment. */
async function createLog() {
  const clock = createManualClock(startAt)
  const store = createMemoryStore()
  const replica = createReplica({ store, clock, pollMs: 1_000 * dayMs })
  const say = async (actor: string, action: string, reason: string, rest: object) => {
    await replica.commit({ actor, action, reason, ...rest } as never)
    await clock.advance(dayMs)
  }
  const exposure = (environment: string, flag: string) => ({
    key: `exposure/${environment}/${flag}`,
    value: { rollout: 5 },
  })
  const rollout = (phase: string) => ({ key: 'rollout/production/checkout', value: { phase } })
  const deployment = (status: string) => ({
    key: 'deployment/production-v1',
    value: { version: 'v1', environment: 'production', startedAt: 1, status },
  })
  const production = 'production'
  await say('ann', 'set_rollout', 'a first look', { changes: [exposure('staging', 'search')] })
  await say('ann', 'start_rollout', 'the new checkout', {
    ticket: 'SHOP-12',
    environment: production,
    changes: [rollout('running'), exposure(production, 'checkout')],
  })
  await say('controller', 'roll_back', 'errors: 4 %', {
    environment: production,
    changes: [rollout('rolling_back'), exposure(production, 'checkout')],
  })
  await say('bob', 'reject', 'Not on a Friday', {
    changes: [{ key: 'approval/a', value: { phase: 'rejected', environment: production } }],
  })
  await say('ci', 'end_step', 'deployed', { ticket: 'OPS-1', changes: [deployment('running')] })
  await say('ci', 'succeed', 'all steps done', { changes: [deployment('succeeded')] })
  await say('ci', 'fail', 'smoke tests', { changes: [deployment('failed')] })
  return { clock, store, replica }
}

async function ask(log: Parameters<typeof queryAudit>[0], query?: AuditQuery): Promise<AuditRow[]> {
  const rows: AuditRow[] = []
  for await (const row of queryAudit(log, query)) rows.push(row)
  return rows
}

describe('queryAudit', () => {
  it('answers who did what, when, where, why, and what came of it', async () => {
    const { store } = await createLog()
    const rows = await ask(store)
    expect(rows).toHaveLength(7)
    expect(rows[1]).toMatchObject({
      ...{ revision: 2, at: startAt + dayMs, who: 'ann', what: 'start_rollout' },
      ...{ where: 'production', why: 'the new checkout', ticket: 'SHOP-12' },
      outcome: 'in_progress',
      changes: [{ key: 'rollout/production/checkout' }, { key: 'exposure/production/checkout' }],
    })
    expect(rows[1]?.hash).toMatch(/^[0-9a-f]{64}$/)
    expect(rows.map(({ outcome }) => outcome)).toEqual([
      ...['done', 'in_progress', 'rollback', 'refused', 'in_progress', 'success', 'failure'],
    ])
    // The environment of a key, or of a value, where the commit names none.
    expect(rows.map(({ where }) => where)).toEqual(['staging', ...Array(6).fill('production')])
    expect(rows[5]).toMatchObject({ version: 'v1' })
  })

  it.each<[string, AuditQuery, number[]]>([
    ['who', { who: 'ann' }, [1, 2]],
    ['one of several', { who: ['bob', 'controller'] }, [3, 4]],
    ['nobody of the list', { who: [] }, []],
    ['an action', { what: 'roll_back' }, [3]],
    ['a flag', { what: 'checkout' }, [2, 3]],
    ['a version', { what: 'v1' }, [5, 6, 7]],
    ['a key', { what: 'approval/a' }, [4]],
    ['a prefix', { what: 'exposure/' }, [1, 2, 3]],
    ['a period', { when: { from: startAt + dayMs, to: startAt + 3 * dayMs } }, [2, 3]],
    ['a period without an end', { when: { from: startAt + 5 * dayMs } }, [6, 7]],
    ['an environment', { where: 'staging' }, [1]],
    ['a part of the reason', { why: 'friday' }, [4]],
    ['a ticket', { why: 'SHOP-12' }, [2]],
    ['an outcome', { outcome: ['rollback', 'failure'] }, [3, 7]],
    ['a limit', { limit: 2 }, [1, 2]],
    ['the next page', { after: 2, limit: 2 }, [3, 4]],
    ['all together', { who: 'ci', what: 'v1', where: 'production', outcome: 'success' }, [6]],
    ['what contradicts itself', { who: 'ann', outcome: 'rollback' }, []],
  ])('filters by %s', async (_name, query, revisions) => {
    const { store, replica } = await createLog()
    expect((await ask(store, query)).map(({ revision }) => revision)).toEqual(revisions)
    expect((await ask(replica, query)).map(({ revision }) => revision)).toEqual(revisions)
  })

  it('calls a commit by the gravest of what it holds', async () => {
    const { store, replica } = await createLog()
    const approval = (phase: string) => ({ key: 'approval/b', value: { phase } })
    const rollout = (phase: string) => ({ key: 'rollout/production/a', value: { phase } })
    const note = { actor: 'x', action: 'note', reason: 'y' }
    await replica.commit({ ...note, changes: [approval('pending'), rollout('verifying')] })
    await replica.commit({ ...note, changes: [rollout('completed'), approval('rejected')] })
    expect((await ask(store, { after: 7 })).map(({ outcome }) => outcome)).toEqual([
      ...['rollback', 'refused'],
    ])
  })

  it('reads no further than it is asked to', async () => {
    const { replica, store } = await createLog()
    for (let index = 0; index < 500; index++) {
      await replica.commit({ actor: 'x', action: 'note', reason: 'y', changes: [] })
    }
    const asked: number[] = []
    const read: Store['read'] = (after, limit) => {
      asked.push(after)
      return store.read(after, limit)
    }
    expect(await ask({ read }, { limit: 3 })).toHaveLength(3)
    expect(asked).toEqual([0])
    expect(await ask({ read })).toHaveLength(507)
    expect(asked).toEqual([0, 0, 200, 400, 507])
  })

  it('goes on into the archive, and shows that what is expired was there', async () => {
    const { store, replica, clock } = await createLog()
    const whole = await ask(store)
    const archive = await mkdtemp(join(tmpdir(), 'sluice-audit-'))
    folders.push(archive)
    await clock.advance(92 * dayMs)
    await replica.commit({ actor: 'ann', action: 'note', reason: 'late', changes: [] })
    await replica.snapshot()
    await applyRetention({ store, archive, now: clock.now() })
    // Without it: what the log still holds.
    expect((await ask(store)).map(({ revision }) => revision)).toEqual([8])
    const rows = await ask(store, { archive })
    expect(rows.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(rows.map(({ hash }) => hash).slice(0, 7)).toEqual(whole.map(({ hash }) => hash))
    // Production is kept for a year, the rest for 90 days.
    expect(rows.map(({ outcome }) => outcome === 'expired')).toEqual([
      ...[true, false, false, true, true, true, true, false],
    ])
    expect(rows[1]).toEqual(whole[1])
    expect(await ask(store, { archive, after: 7 })).toHaveLength(1)
  })

  it.each([
    [{ whom: 'ann' }, '/whom'],
    [{ who: '' }, '/who'],
    [{ what: [7] }, '/what'],
    [{ limit: 0 }, '/limit'],
    [{ after: -1 }, '/after'],
    [{ when: { since: 1 } }, '/when/since'],
    [{ when: { from: '2026-01-01' } }, '/when/from'],
    [{ when: { to: Number.NaN } }, '/when/to'],
  ])('refuses %o at once', (query, pointer) => {
    expect(() => queryAudit([], query as AuditQuery)).toThrowError(
      expect.objectContaining({ code: 'invalid_query', pointer }),
    )
  })
})
