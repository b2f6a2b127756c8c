import type { FlagDefinitions } from '@sluice/core'
import { createReplica, type Replica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import { type FlagLifecycle, lifecycleOf } from './lifecycle.ts'

const startAt = Date.UTC(2026, 0, 1)
const dayMs = 86_400_000
const everywhere = { environments: ['development', 'staging', 'production'] }

/** A log that the test writes, and the lives that it tells of. */
async function createWorld(definitions: FlagDefinitions, policy = defaultPolicy) {
  const clock = createManualClock(startAt)
  const replica: Replica = createReplica({ store: createMemoryStore(), clock, pollMs: 100 * dayMs })
  await replica.start()
  let actor = 'ann'

  return {
    clock,
    as(name: string) {
      actor = name
    },
    async set(environment: string, flag: string, exposure: object | null, rollout?: object) {
      const changes = [
        { key: `exposure/${environment}/${flag}`, value: exposure as never },
        ...(rollout === undefined
          ? []
          : [{ key: `rollout/${environment}/${flag}`, value: rollout as never }]),
      ]
      await replica.commit({ actor, action: 'move', reason: 'a test', environment, changes })
    },
    async lives(now = clock.now()): Promise<FlagLifecycle[]> {
      const commits = await replica.history('')
      return lifecycleOf({ definitions, entries: replica.entries(), commits, policy, now })
    },
    async life(now = clock.now()): Promise<FlagLifecycle> {
      const [first] = await this.lives(now)
      return first as FlagLifecycle
    },
  }
}

/** A rollout as it stands in the log: what its reader knows of it. */
function rolloutAt(phase: object): object {
  return {
    id: 'checkout@1',
    flag: 'checkout',
    environment: 'production',
    startedBy: 'ann',
    startedAt: startAt,
    plan: { ...canary() },
    ...phase,
  }
}

describe('the point of a flag', () => {
  it('goes from created to staging, production, released and due for removal', async () => {
    const world = await createWorld({ checkout: everywhere })
    expect(await world.life()).toMatchObject({
      point: 'created',
      percent: 0,
      next: { action: 'enable', text: 'enable in staging' },
    })
    for (const environment of ['development', 'staging']) {
      await world.set(environment, 'checkout', { enabled: true, rollout: 100 })
    }
    expect(await world.life()).toMatchObject({
      point: 'staging',
      percent: 100,
      by: 'ann',
      next: { action: 'start', text: 'start in production at 5 %', percent: 5 },
    })
    await world.clock.advance(dayMs)
    world.as('bob')
    await world.set('production', 'checkout', { enabled: true, rollout: 5 })
    expect(await world.life()).toMatchObject({
      ...{ point: 'production', percent: 5, since: startAt + dayMs, by: 'bob' },
      next: { text: 'raise to 25 % in production', percent: 25, at: startAt + dayMs + 3_600_000 },
    })
    await world.set('production', 'checkout', { enabled: true, rollout: 100 })
    const dueAt = startAt + dayMs + defaultPolicy.flags.removeAfterMs
    expect(await world.life()).toMatchObject({
      point: 'released',
      next: { action: 'remove', text: 'remove from code', at: dueAt },
    })
    expect(await world.life(dueAt - 1)).toMatchObject({ point: 'released' })
    expect(await world.life(dueAt)).toMatchObject({ point: 'due_for_removal', since: dueAt })
  })

  it('counts as created while it is on in development alone', async () => {
    const world = await createWorld({ checkout: everywhere })
    await world.set('development', 'checkout', { enabled: true, rollout: 100 })
    expect(await world.life()).toMatchObject({ point: 'created' })
  })

  it('is released only when every environment it is meant for is settled', async () => {
    const world = await createWorld({ checkout: { environments: ['staging', 'production'] } })
    await world.set('production', 'checkout', { enabled: true, rollout: 100 })
    expect(await world.life()).toMatchObject({
      point: 'production',
      next: { text: 'raise to 100 % in staging' },
    })
    await world.set('staging', 'checkout', { enabled: true, rollout: 100 })
    expect(await world.life()).toMatchObject({ point: 'released' })
  })

  it.each(['operational', 'permission'] as const)(
    'is never due by age for a kind %s',
    async (kind) => {
      const world = await createWorld({ checkout: { ...everywhere, kind } })
      for (const environment of everywhere.environments) {
        await world.set(environment, 'checkout', { enabled: true, rollout: 100 })
      }
      const life = await world.life(startAt + 1_000 * dayMs)
      expect(life).toMatchObject({ point: 'released', isLongLived: true })
      expect(life).not.toHaveProperty('next')
    },
  )

  it('does not claim an age that it does not know', async () => {
    const on = { enabled: true, rollout: 100, environments: ['production'] }
    const world = await createWorld({
      dated: { ...on, createdAt: '2026-01-01T00:00:00Z' },
      undated: on,
    })
    const [dated, undated] = await world.lives(startAt + 1_000 * dayMs)
    expect(dated).toMatchObject({ point: 'due_for_removal' })
    expect(undated).toMatchObject({ point: 'released' })
    expect(undated).not.toHaveProperty('since')
  })

  it('does not claim an age where it knows that of one environment alone', async () => {
    const on = { enabled: true, rollout: 100, environments: ['staging', 'production'] }
    const world = await createWorld({ checkout: on })
    await world.set('production', 'checkout', { enabled: true, rollout: 100 })
    const life = await world.life(startAt + 1_000 * dayMs)
    expect(life).toMatchObject({ point: 'released' })
    expect(life).not.toHaveProperty('since')
  })

  it('keeps its beginning through moves that change nothing', async () => {
    const world = await createWorld({ checkout: { environments: ['production'] } })
    await world.set('production', 'checkout', { enabled: true, rollout: 100 })
    await world.clock.advance(dayMs)
    world.as('bob')
    await world.set('production', 'checkout', { enabled: true, rollout: 100 })
    expect(await world.life()).toMatchObject({ since: startAt, by: 'ann' })
  })

  it('is expired from its expiresAt on', async () => {
    const world = await createWorld({
      checkout: { ...everywhere, expiresAt: '2026-02-01T00:00:00Z' },
    })
    const expiresAt = Date.UTC(2026, 1, 1)
    expect(await world.life(expiresAt - 1)).toMatchObject({ point: 'created', expiresAt })
    expect(await world.life(expiresAt)).toMatchObject({
      ...{ point: 'expired', since: expiresAt },
      next: { action: 'renew_or_remove' },
    })
  })

  it('is archived where the log knows it and no definition does', async () => {
    const world = await createWorld({})
    await world.set('production', 'gone', { enabled: true, rollout: 5 })
    expect(await world.life()).toMatchObject({ key: 'gone', point: 'archived' })
  })

  it('is a matter of the policy, not of names', async () => {
    const environments = { order: ['test', 'live'], production: ['live'] }
    const definitions = { checkout: { environments: ['test', 'live'] } }
    const world = await createWorld(definitions, { ...defaultPolicy, environments })
    await world.set('test', 'checkout', { enabled: true, rollout: 100 })
    expect(await world.life()).toMatchObject({ point: 'staging', next: { environment: 'live' } })
    await world.set('live', 'checkout', { enabled: true, rollout: 5 })
    expect(await world.life()).toMatchObject({ point: 'production' })
  })
})

describe('a flag that was killed', () => {
  it('is told from one that was never on', async () => {
    const world = await createWorld({ checkout: everywhere })
    await world.set('production', 'checkout', { enabled: false, rollout: 5 })
    expect(await world.life()).toMatchObject({ point: 'created' })
    await world.set('production', 'checkout', { enabled: true, rollout: 5 })
    world.as('eve')
    await world.set('production', 'checkout', { enabled: false, rollout: 5 })
    expect(await world.life()).toMatchObject({
      ...{ point: 'killed', by: 'eve' },
      next: { action: 'decide', environment: 'production' },
    })
  })

  it('is told by the definition where the log says only off', async () => {
    const on = { enabled: true, rollout: 50, environments: ['production'] }
    const world = await createWorld({ checkout: on })
    await world.set('production', 'checkout', { enabled: false })
    expect(await world.life()).toMatchObject({ point: 'killed' })
  })

  it('is told from one that a rollout took back', async () => {
    const world = await createWorld({ checkout: everywhere })
    const rollout = rolloutAt({ phase: 'running', stage: 0, enteredAt: startAt })
    await world.set('production', 'checkout', { enabled: true, rollout: 5 }, rollout)
    const gone = rolloutAt({ phase: 'aborted', by: 'ann', because: 'x', abortedAt: startAt })
    await world.set('production', 'checkout', { enabled: false, rollout: 0 }, gone)
    expect(await world.life()).toMatchObject({ point: 'created' })
  })
})

describe('a flag under way', () => {
  it.each([
    [{ phase: 'running', stage: 1, enteredAt: startAt }, 'raise', 'raise to 50 % in production'],
    [{ phase: 'running', stage: 3, enteredAt: startAt }, 'complete', 'complete in production'],
    [
      { phase: 'holding', stage: 0, enteredAt: startAt, because: 'errors' },
      'raise',
      'raise to 25 % in production, once it no longer holds: errors',
    ],
    [
      { phase: 'paused', stage: 0, enteredAt: startAt, because: 'lunch' },
      'decide',
      'resume, or roll back in production: lunch',
    ],
    [{ phase: 'awaiting_approval' }, 'approve', 'approve the rollout in production'],
    [{ phase: 'verifying' }, 'wait', 'it goes back in production'],
  ])('%o is due to %s', async (phase, action, text) => {
    const world = await createWorld({ checkout: { environments: ['production'] } })
    await world.set('production', 'checkout', { enabled: true, rollout: 100 }, rolloutAt(phase))
    const life = await world.life()
    // Also at 100 percent: it is not released while it is being watched.
    expect(life).toMatchObject({ point: 'production', next: { action, text } })
    expect(life.stage).toBe((phase as { stage?: number }).stage)
  })

  it('counts a ramp by the share that it has reached', async () => {
    const schedule = { from: startAt, fullAt: startAt + 10 * dayMs }
    const on = { enabled: true, rollout: 100, environments: ['production'], schedule }
    const world = await createWorld({ checkout: on })
    expect(await world.life(startAt - 1)).toMatchObject({ point: 'created', percent: 0 })
    expect(await world.life(startAt + 4 * dayMs)).toMatchObject({
      point: 'production',
      percent: 40,
    })
    expect(await world.life(startAt + 10 * dayMs)).toMatchObject({ point: 'released' })
  })

  it.each([
    ['a split', { split: { on: 50, off: 50 } }],
    ['a rule that keeps some out', { rules: [{ if: { all: [] }, rollout: 50 }] }],
    ['a rule that serves another variant', { rules: [{ if: { all: [] }, serve: 'off' }] }],
    ['an end', { schedule: { until: startAt + 999 * dayMs } }],
  ])('is not released with %s', async (_name, settings) => {
    const on = { enabled: true, rollout: 100, environments: ['production'], ...settings }
    const world = await createWorld({ checkout: on })
    expect(await world.life()).toMatchObject({ point: 'production', percent: 100 })
  })
})
