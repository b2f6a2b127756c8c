import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import { createMortal, type Mortal } from '../procedure/mortal.fixture.ts'
import { createDeployment } from './create-deployment.ts'
import type { DeploymentHooks } from './deployment-contract.ts'
import { attestations, order, rollbackPlan, stepsOf } from './deployment-world.fixture.ts'

// Ten minutes of monitoring are twenty seconds here.
const policy = definePolicy({ blueGreen: { monitorMs: 20_000 } })

/** A database, servers and a switch, which outlive the process that deploys. */
interface Outside {
  schema: number
  backups: number
  version: string
  live: string
  told: string[]
}

function hooksOf(outside: Outside, mortal: Mortal, isBroken: boolean): DeploymentHooks {
  const touch = (work: () => void) => mortal.effect(work)
  return {
    migration: {
      isApplied: async () => outside.schema === 2,
      // Neither bears repetition: it is isApplied that keeps them from it.
      up: () =>
        touch(() => {
          outside.schema += 1
        }),
      down: () =>
        touch(() => {
          outside.schema -= 1
        }),
    },
    backup: {
      create: async () => {
        await touch(() => {
          outside.backups += 1
        })
        return 'a.dump'
      },
    },
    deploy: {
      run: () =>
        touch(() => {
          outside.version = 'new'
        }),
      undo: () =>
        touch(() => {
          outside.version = 'old'
        }),
    },
    switch: {
      run: () =>
        touch(() => {
          outside.live = 'new'
        }),
      undo: () =>
        touch(() => {
          outside.live = 'old'
        }),
    },
    smokeTests: Object.fromEntries(
      ['starts', 'health_endpoint', 'database', 'critical_flows', 'no_error_spike'].map((name) => [
        name,
        () => true,
      ]),
    ),
    monitor: () => !isBroken,
    verifyRollback: () => outside.live === 'old' && outside.version === 'old',
  }
}

/** Lets a deployment die at its n-th effect, and another process go on. */
async function play(isBroken: boolean, dieAt: number, when: 'before' | 'after') {
  const clock = createManualClock()
  const store = createMemoryStore()
  const outside: Outside = { schema: 1, backups: 0, version: 'old', live: 'old', told: [] }

  async function live(mortal: Mortal, processId: string) {
    const own = mortal.clock(clock)
    const replica = createReplica({ store: mortal.store(store), clock: own, pollMs: 600_000 })
    await replica.start()
    await replica.ready()
    const deployment = createDeployment({
      ...{ replica, clock: own, processId, rollbackPlan, attestations },
      ...{ version: 'v2', type: 'minor', environment: 'production', ticket: 'T-1' },
      ...{ changes: ['one'], runbook: 'https://wiki.example.com/runbook' },
      hooks: hooksOf(outside, mortal, isBroken),
      approvals: {
        check: () => ({
          ...{ status: 'approved', id: 'a1' },
          change: { changes: [{ key: 'approval/a1', value: 'used' }], dependsOn: ['approval/a1'] },
        }),
      },
      announcers: [
        {
          name: 'chat',
          announce: ({ status }) => mortal.effect(() => void outside.told.push(status)),
        },
      ],
      monitorEveryMs: 10_000,
      policy,
    })
    return { replica, deployment }
  }

  const mortal = createMortal(dieAt, when)
  let last = await live(mortal, 'first')
  last.deployment.run()
  void last.deployment.start(order).catch(() => {})
  await clock.advance(45_000)
  if (mortal.isDead()) {
    last = await live(createMortal(Number.POSITIVE_INFINITY, 'before'), 'second')
    if (last.deployment.state === undefined) await last.deployment.start(order)
    const over = last.deployment.resume({ takeOver: true })
    await clock.advance(45_000)
    await over
  }
  const shown = stepsOf(last.deployment)
  const phase = last.deployment.state?.phase
  await last.deployment.stop()
  await last.replica.close()
  return { hasDied: mortal.isDead(), outside, shown, phase }
}

describe.each([
  { name: 'that succeeds', isBroken: false },
  { name: 'that the monitor sends back', isBroken: true },
])('a deployment $name', ({ isBroken }) => {
  it.each(['before', 'after'] as const)(
    'ends the same where its process dies right %s any single effect',
    async (when) => {
      const undisturbed = await play(isBroken, Number.POSITIVE_INFINITY, when)
      expect(undisturbed.phase).toBe(isBroken ? 'undone' : 'succeeded')
      let deaths = 0
      for (let dieAt = 1; ; dieAt += 1) {
        const { hasDied, outside, shown } = await play(isBroken, dieAt, when)
        if (!hasDied) break
        deaths += 1
        const where = `died ${when} effect ${dieAt}`
        expect(shown, where).toEqual(undisturbed.shown)
        const { schema, version, live, told } = outside
        expect({ schema, version, live }, where).toEqual(
          isBroken
            ? { schema: 1, version: 'old', live: 'old' }
            : { schema: 2, version: 'new', live: 'new' },
        )
        // Told at least once, each of them.
        expect([...new Set(told)], where).toEqual(['started', isBroken ? 'rolled_back' : 'healthy'])
        expect(outside.backups, where).toBeGreaterThanOrEqual(1)
      }
      expect(deaths).toBeGreaterThan(30)
    },
  )
})
