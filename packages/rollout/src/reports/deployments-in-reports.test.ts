import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeployment } from '../deployment/create-deployment.ts'
import type { DeploymentHooks, DeploymentOptions } from '../deployment/deployment-contract.ts'
import {
  attestations,
  createDeploymentWorld,
  minuteMs,
  ops,
  order,
  rollbackPlan,
} from '../deployment/deployment-world.fixture.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { doraReport } from './dora-report.ts'
import { queryAudit } from './query-audit.ts'
import { rollbackReport } from './rollback-report.ts'

let world: ReturnType<typeof createDeploymentWorld>
let startAt: number
/** Minutes from the start of the test. */
const at = (minutes: number) => startAt + minutes * minuteMs
/** To bring the version before back takes two minutes, to look whether all is well one. */
let hooks: DeploymentHooks

beforeEach(() => {
  world = createDeploymentWorld()
  world.approve()
  startAt = world.clock.now()
  const pause = (minutes: number) =>
    new Promise<void>((wake) => void world.clock.after(minutes * minuteMs, wake))
  hooks = {
    ...world.hooks,
    deploy: {
      run: async (context) => void (await world.hooks.deploy?.run(context)),
      async undo(context) {
        await world.hooks.deploy?.undo?.(context)
        await pause(2)
      },
    },
    verifyRollback: () => pause(1),
  }
})

afterEach(() => world.close())

/** Goes on until a minute of the test. */
async function until(minute: number): Promise<void> {
  await world.clock.advance(at(minute) - world.clock.now())
}

/** Starts a deployment at a minute of the test, of a change that was committed half an hour before, and waits for its end. */
async function deployAt(minute: number, version: string, options: Partial<DeploymentOptions> = {}) {
  await until(minute)
  const commitAt = at(minute - 30)
  const own = { version, commitAt, hooks, monitorEveryMs: minuteMs, ...options }
  const joined = await world.join(own)
  joined.deployment.run()
  await joined.deployment.start(order)
  await until(minute + 12)
  // A deployment that is over looks at nothing any more.
  await Promise.all([joined.deployment.stop(), world.clock.advance(10_000)])
  return joined
}

/** Deploys, and the process dies in the middle of the monitoring. */
async function dieAt(minute: number, version: string) {
  await until(minute)
  let isDead = false
  const never = new Promise<never>(() => {})
  const { store, clock } = world
  const replica = createReplica({
    ...{ clock, pollMs: 600_000 },
    store: { ...store, append: (commit) => (isDead ? never : store.append(commit)) },
  })
  await replica.start()
  await replica.ready()
  const deployment = createDeployment({
    ...{ replica, hooks, version, rollbackPlan, attestations, approvals: { check: approved } },
    clock: {
      now: clock.now,
      after: (delayMs, wake, how) => clock.after(delayMs, () => (isDead ? undefined : wake()), how),
    },
    ...{ type: 'minor', environment: 'production', ticket: 'SHOP-12', commitAt: at(minute - 30) },
    changes: ['Added user profile feature'],
    runbook: 'https://wiki.example.com/runbook',
  })
  deployment.run()
  await deployment.start(order)
  await world.clock.advance(4 * minuteMs)
  isDead = true
  await replica.close()
}

function approved() {
  return {
    ...{ status: 'approved' as const, id: 'a1' },
    change: { changes: [{ key: 'approval/a1', value: 'used' }], dependsOn: ['approval/a1'] },
  }
}

function reports() {
  const period = { from: startAt, to: at(24 * 60) }
  const log = { log: world.store, policy: defaultPolicy }
  return Promise.all([doraReport({ ...log, ...period }), rollbackReport(log)])
}

describe('deployments as they were really made', () => {
  it('give the figures that one gets by hand', async () => {
    // Good: ten minutes of monitoring, so released at 10, forty minutes after its commit.
    await deployAt(0, 'v1')

    // Its smoke tests fail at 60: undone at 62, seen to be well at 63.
    world.broken.add('smoke starts')
    await deployAt(60, 'v2', { limits: { smoke_test: { retries: 0 } } })
    world.broken.clear()

    // Good, released at 130; somebody says at 135 that it has been ill since 132; well again at 138.
    const third = await deployAt(120, 'v3')
    await until(135)
    third.deployment.run()
    await third.deployment.rollBack({ ...ops, detectedAt: at(132) })
    await until(140)
    await Promise.all([third.deployment.stop(), world.clock.advance(10_000)])

    // Its checks fail: nothing of it came to production.
    await deployAt(180, 'v4', {
      checks: { tests: () => false },
      limits: { pre_checks: { retries: 0 } },
    })

    // Fails at 240, and cannot be undone; what is left is mended by the release at 310.
    world.broken.add('deploy').add('undo deploy')
    await deployAt(240, 'v5', { limits: { deploy: { retries: 0, undoRetries: 0 } } })
    world.broken.clear()
    await deployAt(300, 'v6')

    // People begin to mend v6 at 330; the hotfix is deployed at 360 and released at 370.
    const hotfix = { fixStartedAt: at(330), fixedAt: at(350), testedAt: at(358) }
    await deployAt(360, 'v6.1', { type: 'hotfix', hotfix })
    // Elsewhere.
    await deployAt(400, 'v7', { environment: 'staging' })

    const [dora, { rollbacks, inTime, late, open }] = await reports()
    const releases = 4
    expect(dora).toMatchObject({
      // v1, v2, v3, v5, v6 and v6.1; v4 changed nothing, v7 is elsewhere.
      ...{ deployments: 6, rollouts: 0 },
      // v1, v3, v6 and v6.1.
      deploymentFrequency: { releases, value: releases, verdict: 'met' },
      leadTime: { value: 40 * minuteMs, p90Ms: 40 * minuteMs, measured: 4, unknown: 0 },
      // v2, v3, v5 and v6.
      changeFailure: { failed: 4, changes: 6, value: 4 / 6, verdict: 'missed' },
      rollback: { rolledBack: 2, changes: 6, value: 2 / 6, verdict: 'missed' },
      // v2: 60–63, v3: 132–138, v5: 240–310, v6: 330–370.
      recovery: {
        value: ((3 + 6 + 70 + 40) / 4) * minuteMs,
        medianMs: ((6 + 40) / 2) * minuteMs,
        ...{ measured: 4, open: 0, unknown: 0, verdict: 'met' },
      },
      leftOut: { unreadable: [], missingCommits: 0 },
    })
    expect(rollbacks).toMatchObject([
      {
        ...{ target: 'v2', by: 'deployment', isOpen: false, overruns: [] },
        ...{ decisionMs: 0, executionMs: 2 * minuteMs, verificationMs: minuteMs },
        totalMs: 3 * minuteMs,
      },
      {
        ...{ target: 'v3', by: ops.actor, isOpen: false, overruns: ['decision'] },
        ...{ decisionMs: 3 * minuteMs, executionMs: 2 * minuteMs, verificationMs: minuteMs },
        totalMs: 6 * minuteMs,
      },
      // What could not be undone has not gone back.
      { target: 'v5', isOpen: true },
    ])
    expect(rollbacks).toHaveLength(3)
    expect(rollbacks[2]).not.toHaveProperty('totalMs')
    expect({ inTime, late, open }).toEqual({ inTime: 1, late: 1, open: 1 })
  })

  it('count once where a process died in the middle and another went on', async () => {
    await dieAt(0, 'v1')
    await until(20)
    const { deployment } = await world.join({ version: 'v1', commitAt: at(-30), hooks })
    const over = deployment.resume({ takeOver: true })
    await until(40)
    const { phase, endedAt } = (await over) as { phase: string; endedAt: number }
    expect(phase).toBe('succeeded')
    const [dora, { rollbacks }] = await reports()
    expect(dora).toMatchObject({
      deployments: 1,
      deploymentFrequency: { releases: 1 },
      leadTime: { value: endedAt - at(-30), measured: 1, unknown: 0 },
      changeFailure: { failed: 0, changes: 1 },
    })
    expect(rollbacks).toEqual([])
    const outcomes = []
    for await (const { outcome } of queryAudit(world.store, { what: 'v1' })) outcomes.push(outcome)
    expect(outcomes.filter((outcome) => outcome === 'success')).toHaveLength(1)
    expect(outcomes.at(-1)).toBe('success')
  })
})
