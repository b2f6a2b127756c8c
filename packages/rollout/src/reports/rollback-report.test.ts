import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { describe, expect, it } from 'vitest'
import { createRolloutController } from '../controller/controller.ts'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { createManualClock, createVerdict, scriptedJudge } from '../testing.ts'
import { rollbackReport } from './rollback-report.ts'

const minuteMs = 60_000
const limits = {
  ...{ decision: 2 * minuteMs, execution: 5 * minuteMs },
  ...{ verification: 3 * minuteMs, total: 10 * minuteMs },
}

/** A rollout that a guard takes back, and one that a person does, in one log. */
async function createLog() {
  const clock = createManualClock(Date.UTC(2026, 0, 1))
  const store = createMemoryStore()
  const replica = createReplica({ store, clock })
  await replica.start()
  let outcome: 'pass' | 'fail' = 'pass'
  const open = (environment: string, flag: string) =>
    createRolloutController({
      ...{ replica, environment, flag, plan: canary(), clock },
      judge: scriptedJudge(() => [createVerdict(outcome)]),
    })
  const guarded = open('production', 'checkout')
  await guarded.start({ actor: 'ann', reason: 'try', ticket: 'SHOP-12' })
  guarded.run()
  await clock.advance(5_000)
  outcome = 'fail'
  await clock.advance(20_000)
  await guarded.stop()
  const byHand = open('staging', 'search')
  await byHand.start({ actor: 'bob', reason: 'try' })
  await byHand.rollBack({ actor: 'eve', reason: 'looks wrong' })
  return { store, clock, replica }
}

describe('rollbackReport', () => {
  it('lists each rollback once, with its timeline, whoever decided', async () => {
    const { store } = await createLog()
    const { rollbacks, inTime, late, open } = await rollbackReport({
      log: store,
      policy: defaultPolicy,
    })
    expect(rollbacks).toMatchObject([
      {
        ...{ kind: 'rollout', environment: 'production', target: 'checkout', ticket: 'SHOP-12' },
        ...{ decisionMs: 0, limits, overruns: [], isOpen: false },
      },
      { environment: 'staging', target: 'search', by: 'eve', because: 'looks wrong', isOpen: true },
    ])
    const [first] = rollbacks
    expect(first?.totalMs).toBe(
      (first?.decisionMs ?? 0) + (first?.executionMs ?? 0) + (first?.verificationMs ?? 0),
    )
    expect(first?.verificationMs).toBeGreaterThan(0)
    expect(rollbacks[1]).not.toHaveProperty('totalMs')
    expect({ inTime, late, open }).toEqual({ inTime: 1, late: 0, open: 1 })
  })

  it('may be asked for an environment and a period', async () => {
    const { store, clock } = await createLog()
    const log = { log: store, policy: defaultPolicy }
    expect((await rollbackReport({ ...log, environment: 'staging' })).rollbacks).toHaveLength(1)
    expect((await rollbackReport({ ...log, from: clock.now() + 1 })).rollbacks).toEqual([])
    expect((await rollbackReport({ ...log, to: 0 })).rollbacks).toEqual([])
  })

  it('names each limit that was not kept', async () => {
    const { replica } = await createLog()
    const rollback = { by: 'x', because: 'y', detectedAt: 0 }
    const terms = {
      ...{ id: 'a@9', flag: 'a', environment: 'production', startedBy: 'ann', startedAt: 0 },
      plan: { ...canary() },
    }
    const write = (key: string, value: object) =>
      replica.commit({
        ...{ actor: 'x', action: 'note', reason: 'y' },
        changes: [{ key, value: value as never }],
      })
    const decidedAt = limits.decision + 1
    const executedAt = decidedAt + limits.execution + 1
    await write('rollout/production/a', {
      ...{ ...terms, phase: 'rolled_back', rollback: { ...rollback, decidedAt }, executedAt },
      ...{ verifiedAt: executedAt + limits.verification + 1, endedAt: 1, overruns: [] },
    })
    // Its verification ran out of time: there is nothing to compare, but it was found then.
    await write('rollout/production/b', {
      ...{ ...terms, phase: 'rolled_back', rollback: { ...rollback, decidedAt: 0 }, executedAt: 0 },
      ...{ endedAt: 1, overruns: ['verification'] },
    })
    await write('deployment/c', {
      ...{ environment: 'production', version: 'v9', startedAt: 0, status: 'rolled_back' },
      ...{ decision: { ...rollback, decidedAt: 0 }, endedAt: limits.total + 1 },
    })
    const { rollbacks, late } = await rollbackReport({
      log: replica,
      policy: defaultPolicy,
      to: limits.total,
    })
    expect(rollbacks.map(({ target, overruns }) => [target, overruns])).toEqual([
      ['a', ['verification']],
      ['v9', ['execution', 'total']],
      ['a', ['decision', 'execution', 'verification', 'total']],
    ])
    expect(late).toBe(3)
  })
})
