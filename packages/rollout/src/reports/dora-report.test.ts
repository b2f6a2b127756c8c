import { type Commit, genesis, type Head, sealCommit } from '@sluice/stores'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { type DoraOptions, doraReport } from './dora-report.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const startAt = Date.UTC(2026, 0, 1)
const policy = defaultPolicy

/** A log of values, each a commit. */
function logOf(values: readonly (readonly [key: string, value: unknown])[]): Commit[] {
  let head: Head = genesis
  return values.map(([key, value], index) => {
    const draft = {
      actor: 'ann',
      action: 'note',
      reason: 'x',
      changes: [{ key, value: plain(value) }],
    }
    const commit = sealCommit(draft as never, head, startAt + index)
    head = commit
    return commit
  })
}

/** Without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

let deployed = 0

/** A deployment that ended, at an hour of the period. */
function deployment(hour: number, change: object = {}): [string, unknown] {
  deployed += 1
  const endedAt = startAt + hour * hourMs
  const value = {
    ...{ version: `v${deployed}`, environment: 'production', type: 'minor', by: 'ann' },
    ...{
      status: 'succeeded',
      startedAt: endedAt - 60_000,
      endedAt,
      commitAt: endedAt - hourMs / 2,
    },
    ...change,
  }
  return [`deployment/${value.environment}-${value.version}`, value]
}

function rollout(flag: string, phase: object, environment = 'production'): [string, unknown] {
  const terms = { id: `${flag}@1`, flag, environment, startedBy: 'ann', startedAt: startAt }
  return [`rollout/${environment}/${flag}`, { ...terms, plan: { ...canary() }, ...phase }]
}

/** A rollout that went back: noticed at an hour, verified minutes later. */
function rolledBack(flag: string, hour: number, minutes: number): [string, unknown] {
  const detectedAt = startAt + hour * hourMs
  const verifiedAt = detectedAt + minutes * 60_000
  const rollback = { by: 'x', because: 'y', fromStage: 0, detectedAt, decidedAt: detectedAt }
  const phase = { phase: 'rolled_back', rollback, executedAt: detectedAt, verifiedAt }
  return rollout(flag, { ...phase, endedAt: verifiedAt, overruns: [] })
}

function report(values: readonly [string, unknown][], options: Partial<DoraOptions> = {}) {
  const period = { from: startAt, to: startAt + dayMs }
  return doraReport({ log: logOf(values), policy, ...period, ...options })
}

describe('doraReport', () => {
  it('says no data for a period in which nothing happened, and no NaN', async () => {
    for (const values of [[], [deployment(30), deployment(-1)]]) {
      const found = await report(values)
      expect(found).toMatchObject({ deployments: 0, rollouts: 0, days: 1 })
      for (const name of [
        'deploymentFrequency',
        'leadTime',
        'changeFailure',
        'recovery',
        'rollback',
      ] as const) {
        expect(found[name], name).toMatchObject({ value: undefined, verdict: 'no_data' })
      }
      expect(JSON.stringify(found)).not.toContain('null')
    }
  })

  it('counts a day of an elite team', async () => {
    const found = await report([
      ...Array.from({ length: 7 }, (_, hour) => deployment(hour)),
      rollout('checkout', { phase: 'completed', by: 'ann', completedAt: startAt + hourMs }),
    ])
    expect(found).toMatchObject({
      ...{ deployments: 7, rollouts: 1 },
      deploymentFrequency: { value: 8, target: 2, verdict: 'met', releases: 8 },
      leadTime: { value: hourMs / 2, verdict: 'met', measured: 7, unknown: 0 },
      changeFailure: { value: 0, verdict: 'met', failed: 0, changes: 8 },
      recovery: { value: undefined, verdict: 'no_data', open: 0 },
      rollback: { value: 0, verdict: 'met' },
    })
  })

  it('gives the median and the 90th percentile of the lead time, and does not guess commits', async () => {
    const endedAt = startAt + 23 * hourMs
    const lead = (hours: number) => deployment(23, { commitAt: endedAt - hours * hourMs })
    const values = [
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(lead),
      deployment(1, { commitAt: undefined }),
    ]
    // Written by a clock that is wrong.
    values.push(lead(-1))
    const { leadTime } = await report(values)
    expect(leadTime).toMatchObject({
      ...{ value: 5.5 * hourMs, p90Ms: 9 * hourMs },
      ...{ verdict: 'missed', measured: 10, unknown: 2 },
    })
  })

  it('counts failures and rollbacks, and the time until all was well again', async () => {
    const found = await report([
      ...[1, 2, 3, 4, 5, 6].map((hour) => deployment(hour)),
      deployment(7, { status: 'failed' }),
      deployment(9),
      deployment(10, {
        status: 'rolled_back',
        decision: { by: 'ann', because: 'x', detectedAt: startAt + 9.5 * hourMs, decidedAt: 0 },
      }),
      rolledBack('checkout', 12, 6),
    ])
    expect(found.changeFailure).toMatchObject({
      failed: 3,
      changes: 10,
      value: 0.3,
      verdict: 'missed',
    })
    expect(found.rollback).toMatchObject({ rolledBack: 2, value: 0.2, verdict: 'missed' })
    // Until the next that succeeds; from detection to the end; from detection to verified.
    const took = [2 * hourMs, hourMs / 2, hourMs / 10]
    expect(found.recovery).toMatchObject({
      value: took.reduce((sum, each) => sum + each, 0) / 3,
      ...{ medianMs: hourMs / 2, measured: 3, open: 0 },
    })
  })

  it('counts a deployment that was taken back after it had succeeded as both', async () => {
    const [key, value] = deployment(1)
    const later = { ...(value as object), status: 'rolled_back', endedAt: startAt + 3 * hourMs }
    const found = await report([
      [key, value],
      [key, later],
    ])
    expect(found).toMatchObject({
      deployments: 1,
      deploymentFrequency: { releases: 1 },
      leadTime: { value: hourMs / 2 },
      rollback: { rolledBack: 1, changes: 1 },
    })
  })

  it('counts the change that a hotfix had to follow as failed, once', async () => {
    const found = await report([
      deployment(1),
      deployment(2),
      deployment(3, { type: 'hotfix' }),
      deployment(4, { type: 'hotfix' }),
    ])
    expect(found.changeFailure).toMatchObject({ failed: 1, changes: 4 })
    expect(found.recovery).toMatchObject({ value: 60_000, measured: 1 })
    expect(found.rollback).toMatchObject({ rolledBack: 0 })
  })

  it('counts a deployment that has no hook for its step deploy', async () => {
    const steps = [{ name: 'deploy', phase: 'skipped' }]
    const found = await report([
      deployment(1, { steps }),
      deployment(2, { steps, status: 'failed' }),
    ])
    expect(found).toMatchObject({ deployments: 2, changeFailure: { failed: 1 } })
  })

  it('lets a rollback end its failure, whatever hotfix follows', async () => {
    const [key, value] = deployment(1)
    const detectedAt = startAt + 2.5 * hourMs
    const decision = { by: 'ann', because: 'x', detectedAt, decidedAt: detectedAt }
    const endedAt = startAt + 3 * hourMs
    const back = { ...(value as object), status: 'rolled_back', decision, endedAt }
    const found = await report([[key, value], [key, back], deployment(5, { type: 'hotfix' })])
    expect(found.changeFailure).toMatchObject({ failed: 1, changes: 2 })
    expect(found.recovery).toMatchObject({ value: hourMs / 2, measured: 1 })
  })

  it('leaves a failure open that nothing has ended', async () => {
    const found = await report([deployment(1, { status: 'failed' })])
    expect(found.recovery).toMatchObject({ value: undefined, verdict: 'no_data', open: 1 })
    expect(found.deploymentFrequency).toMatchObject({ value: 0, verdict: 'missed' })
  })

  it('leaves out what changed nothing, what is under way, and other environments', async () => {
    const steps = [
      { name: 'checks', phase: 'failed' },
      { name: 'deploy', phase: 'pending' },
    ]
    const found = await report([
      deployment(1, { status: 'failed', steps }),
      deployment(1, { status: 'running', endedAt: undefined }),
      deployment(1, { environment: 'staging' }),
      rollout('a', { phase: 'aborted', by: 'x', because: 'y', abortedAt: startAt }),
      rollout('b', { phase: 'running', stage: 0, enteredAt: startAt }),
      rollout('c', { phase: 'completed', by: 'x', completedAt: startAt }, 'staging'),
      ['deployment/broken', { environment: 7 }],
      ['rollout/production/broken', 'nothing'],
      ['deployment/gone', null],
    ])
    expect(found).toMatchObject({ deployments: 0, rollouts: 0 })
    const staging = { environment: 'staging', kinds: ['deployment'] as const }
    const other = await report([deployment(1, { environment: 'staging' })], staging)
    expect(other).toMatchObject({ deployments: 1, environments: ['staging'] })
  })

  it('counts each attempt of a deployment that was started again under its key', async () => {
    const [key, value] = deployment(1, { status: 'failed', run: 1 })
    const again = {
      ...(value as object),
      status: 'succeeded',
      run: 2,
      endedAt: startAt + 2 * hourMs,
    }
    const found = await report([
      [key, value],
      [key, again],
    ])
    expect(found).toMatchObject({
      deployments: 2,
      changeFailure: { failed: 1 },
      recovery: { value: hourMs },
    })
  })

  it.each([
    [startAt, startAt],
    [startAt, Number.NaN],
  ])('refuses a period from %s to %s', async (from, to) => {
    await expect(report([], { from, to })).rejects.toMatchObject({ code: 'invalid_option' })
  })

  it('gives numbers or nothing, and ratios from 0 to 1, for any history', async () => {
    const some = fc.record({
      hour: fc.integer({ min: -5, max: 40 }),
      status: fc.constantFrom('succeeded', 'failed', 'rolled_back', 'running'),
      type: fc.constantFrom('minor', 'hotfix'),
      lead: fc.option(fc.integer({ min: -1e6, max: 1e9 }), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(some, { maxLength: 20 }), async (list) => {
        const values = list.map(({ hour, status, type, lead }) => {
          const commitAt = lead === undefined ? undefined : startAt + hour * hourMs - lead
          return deployment(hour, { status, type, commitAt })
        })
        const found = await report(values)
        expect(JSON.stringify(found)).not.toContain('null')
        for (const { value } of [found.changeFailure, found.rollback]) {
          if (value === undefined) continue
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
        }
        expect(found.recovery.value ?? 0).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 100 },
    )
  })
})
