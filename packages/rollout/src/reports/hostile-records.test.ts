import { Writable } from 'node:stream'
import type { Commit } from '@sluice/stores'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { doraReport } from './dora-report.ts'
import { exportAudit } from './export-audit.ts'
import { queryAudit } from './query-audit.ts'
import { rollbackReport } from './rollback-report.ts'

const hourMs = 3_600_000
const startAt = Date.UTC(2026, 0, 1)
const policy = defaultPolicy

/** Commits as a store would hand them out, without the checks that a writer makes. */
function logOf(values: readonly (readonly [key: string, value: unknown])[]): Commit[] {
  return values.map(([key, value], index) => ({
    ...{ revision: index + 1, at: startAt + index, actor: 'ann', action: 'note', reason: 'x' },
    changes: [{ key, value: value as never }],
    ...{ previousHash: 'a', hash: 'b' },
  }))
}

const decision = {
  ...{ by: 'ann', because: 'x' },
  ...{ detectedAt: startAt + hourMs, decidedAt: startAt + hourMs },
}
const deployment = {
  ...{ version: 'v1', environment: 'production', type: 'minor', status: 'rolled_back' },
  ...{ phase: 'undone', startedAt: startAt, endedAt: startAt + 2 * hourMs, decision },
}
const rollout = {
  ...{ id: 'a@1', flag: 'a', environment: 'production', phase: 'rolled_back' },
  ...{ startedBy: 'ann', startedAt: startAt, plan: { ...canary() }, rollback: decision },
  ...{ executedAt: startAt + hourMs, verifiedAt: startAt + hourMs, endedAt: startAt + hourMs },
}
const sound = [
  ['deployment/production/sound', { ...deployment, status: 'succeeded', decision: undefined }],
] as const

function reports(values: readonly (readonly [string, unknown])[]) {
  const log = logOf(values)
  const period = { from: startAt, to: startAt + 24 * hourMs }
  return Promise.all([doraReport({ log, policy, ...period }), rollbackReport({ log, policy })])
}

/** The audit of a log as CSV, without holding it. */
async function exportAll(log: Commit[]): Promise<number> {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() })
  return exportAudit(queryAudit(log), { format: 'csv', stream })
}

describe('a record that cannot be read', () => {
  it.each([
    ['nothing of a deployment', 'deployment/production/bad', 'nonsense'],
    ['no environment', 'deployment/production/bad', { ...deployment, environment: undefined }],
    ['no start', 'deployment/production/bad', { ...deployment, startedAt: undefined }],
    ['an end without a time', 'deployment/production/bad', { ...deployment, endedAt: undefined }],
    ['a time in words', 'deployment/production/bad', { ...deployment, endedAt: 'yesterday' }],
    ['a later version', 'deployment/production/bad', { schema: 9, lifecycle: { at: [1, 2] } }],
    ['nothing of a rollout', 'rollout/production/bad', [rollout]],
    ['no flag', 'rollout/production/bad', { ...rollout, flag: 7 }],
    [
      'a rollback without a decision',
      'rollout/production/bad',
      { ...rollout, rollback: undefined },
    ],
    [
      'a completion without a time',
      'rollout/production/bad',
      { ...rollout, phase: 'completed', rollback: undefined },
    ],
  ])('with %s is named, and the others count', async (_name, key, value) => {
    const [dora, rollbacks] = await reports([[key, value], ...sound, [key, value]])
    expect(dora).toMatchObject({ deployments: 1, rollouts: 0, changeFailure: { failed: 0 } })
    expect(dora.leftOut).toEqual({ unreadable: [key], missingCommits: 0 })
    expect(rollbacks.inTime).toBe(0)
  })

  it('is not one that was deleted', async () => {
    const [dora, rollbacks] = await reports([['deployment/production/gone', null], ...sound])
    expect([dora.leftOut.unreadable, rollbacks.leftOut.unreadable]).toEqual([[], []])
  })
})

describe('a log of which a part is gone', () => {
  it('is said to be so', async () => {
    const log = logOf([...sound, ['note', 1], ['note', 2], ['note', 3], ...sound])
    const left = log.filter(({ revision }) => revision === 2 || revision === 5)
    const period = { from: startAt, to: startAt + 24 * hourMs }
    const { leftOut } = await doraReport({ log: left, policy, ...period })
    expect(leftOut).toEqual({ unreadable: [], missingCommits: 3 })
  })
})

describe('a clock that was wrong', () => {
  it('makes no recovery fast', async () => {
    const back = { ...deployment, decision: { ...decision, detectedAt: startAt + 9 * hourMs } }
    const [dora, { rollbacks, inTime }] = await reports([['deployment/production/a', back]])
    expect(dora.recovery).toMatchObject({ value: undefined, measured: 0, open: 0, unknown: 1 })
    expect(rollbacks).toHaveLength(1)
    expect(rollbacks[0]).not.toHaveProperty('decisionMs')
    expect(rollbacks[0]).not.toHaveProperty('totalMs')
    expect(inTime).toBe(0)
  })

  it('makes no recovery that nobody saw', async () => {
    const unseen = { ...rollout, verifiedAt: undefined, overruns: ['verification'] }
    const [dora] = await reports([['rollout/production/a', unseen]])
    expect(dora.recovery).toMatchObject({ value: undefined, measured: 0, open: 0, unknown: 1 })
  })

  it('may have written any instant at all', async () => {
    for (const at of [0, -1, 9e15, -9e15, Number.MAX_VALUE]) {
      const log = logOf(sound).map((commit) => ({ ...commit, at }))
      expect(await exportAll(log)).toBe(1)
    }
  })
})

describe('any value at all', () => {
  it('breaks no report, no question and no export', async () => {
    const fields = Object.keys({ ...deployment, ...rollout })
    const broken = fc
      .tuple(fc.constantFrom(deployment, rollout), fc.constantFrom(...fields), fc.jsonValue())
      .map(([record, field, value]) => ({ ...record, [field]: value }))
    const key = fc.constantFrom('deployment/production/a', 'rollout/production/a', 'approval/a')
    const entry = fc.tuple(key, fc.oneof(broken, fc.jsonValue()))
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (values) => {
        const [dora, { rollbacks, inTime, late, open }] = await reports(values)
        expect(JSON.stringify([dora, rollbacks])).not.toContain('null')
        expect(inTime + late + open).toBeLessThanOrEqual(2 * rollbacks.length)
        for (const name of ['decisionMs', 'executionMs', 'verificationMs', 'totalMs'] as const) {
          for (const row of rollbacks) expect(row[name] ?? 0).toBeGreaterThanOrEqual(0)
        }
        expect(await exportAll(logOf(values))).toBe(values.length)
      }),
      { numRuns: 100 },
    )
  })

  it('may be ten megabytes of text', async () => {
    const because = `="x",\n${'a'.repeat(10_000_000)}`
    const huge = { ...deployment, decision: { ...decision, because } }
    const values = [['deployment/production/huge', huge], ...sound] as const
    const [dora, { rollbacks }] = await reports(values)
    expect(dora.deployments).toBe(2)
    expect(rollbacks[0]?.because).toHaveLength(because.length)
    expect(await exportAll(logOf(values))).toBe(2)
  })
})
