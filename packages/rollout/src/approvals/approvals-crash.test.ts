import { type Clock, openFlags, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock, type ManualClock } from '@sluice/stores/testing'
import { describe, expect, it } from 'vitest'
import { createMortal } from '../procedure/mortal.fixture.ts'
import { directory, hourMs } from './approvals-world.ts'
import { createApprovals } from './create-approvals.ts'
import { guardFlagCommands } from './guard-flag-commands.ts'

/**
 * A process that dies at any one of its commits, before or after it took effect, leaves a log from which the next one
 * reaches the same end: approved once, used once, and nothing up without it.
 */

const dev = { actor: 'dev@example.com', reason: 'more users' }
const ann = { actor: 'ann@example.com', reason: 'looks right' }
const olga = { actor: 'olga@example.com', reason: 'orders are lost', incident: 'INC-9' }

async function open(store: Store, clock: Clock) {
  const definitions = { checkout: { enabled: true, rollout: 5 } }
  const environment = 'production'
  const flags = openFlags({ store, environment, definitions, clock, pollMs: 1_000 * hourMs })
  const approvals = createApprovals({ replica: flags.replica, directory, clock })
  approvals.on('error', () => {})
  flags.on('error', () => {})
  await flags.replica.refresh()
  return { flags, approvals, guarded: guardFlagCommands(flags, approvals) }
}

/** What people do one after the other; whoever comes after a crash does what is missing. */
const scripts = {
  'asked, approved and carried out': async (
    store: Store,
    clock: Clock,
    pass: ManualClock['advance'],
  ) => {
    const { flags, approvals, guarded } = await open(store, clock)
    try {
      if (share(flags.replica.get('exposure/production/checkout')?.value) === 50) return
      // Carried out at once where it was approved before the crash.
      const moved = guarded.setRollout('checkout', 50, dev)
      if ((await moved.catch(unless('approval_required'))) !== undefined) return
      for (const { approval } of approvals.list({ status: 'pending' })) {
        const { id, digest } = approval
        await approvals.approve(id, { ...ann, digest }).catch(unless('already_answered'))
      }
      await pass(4 * hourMs)
      await guarded.setRollout('checkout', 50, dev)
    } finally {
      await approvals.close()
      await flags.close().catch(() => {})
    }
  },
  'approved in an emergency, carried out and reviewed': async (store: Store, clock: Clock) => {
    const { flags, approvals, guarded } = await open(store, clock)
    const asked = { flag: 'checkout', exposure: { rollout: 50 } }
    const about = { kind: 'rollout', environment: 'production', target: 'checkout' } as const
    try {
      if (share(flags.replica.get('exposure/production/checkout')?.value) !== 50) {
        const subject = { ...about, type: 'minor', asked }
        await approvals.emergency(subject, olga).catch(unless('already_approved'))
        await guarded.setRollout('checkout', 50, dev)
      }
      for (const { approval } of approvals.list({ isUnreviewed: true })) {
        await approvals.review(approval.id, ann)
      }
    } finally {
      await approvals.close()
      await flags.close().catch(() => {})
    }
  },
}

function unless(code: string) {
  return (error: { code?: string }): undefined => {
    if (error.code !== code) throw error
  }
}

function share(value: unknown): unknown {
  return (Object(value) as { rollout?: number }).rollout
}

/** What the log tells, without who came when. */
async function storyOf(store: Store): Promise<string[]> {
  const commits = await store.read(0)
  return commits.map(({ action, changes }) => {
    const phases = changes.map(({ key, value }) => {
      const { phase = 'set' } = Object(value) as { phase?: string }
      return `${key.split('/')[0]} ${phase}`
    })
    return `${action}: ${phases.join(', ')}`
  })
}

describe.each(Object.entries(scripts))('a request that is %s', (_, script) => {
  it('ends the same after a crash at any commit, with nothing done twice', async () => {
    const whole = createMemoryStore()
    const truth = createManualClock()
    await script(whole, truth, truth.advance)
    const story = await storyOf(whole)
    expect(story.filter((line) => line.startsWith('set_rollout'))).toHaveLength(1)
    for (const when of ['before', 'after'] as const) {
      for (const dieAt of story.keys()) {
        const store = createMemoryStore()
        const clock = createManualClock()
        const mortal = createMortal(dieAt + 1, when)
        const died = script(mortal.store(store), mortal.clock(clock), clock.advance)
        const outcome = await Promise.race([died.then(() => 'ended'), untilDead(mortal.isDead)])
        expect(outcome).toBe('dead')
        expect(await storyOf(store)).toEqual(story.slice(0, when === 'after' ? dieAt + 1 : dieAt))
        await script(store, clock, clock.advance)
        expect(await storyOf(store), `died ${when} commit ${dieAt + 1}`).toEqual(story)
      }
    }
  })
})

async function untilDead(isDead: () => boolean): Promise<'dead'> {
  while (!isDead()) await new Promise((resolve) => setImmediate(resolve))
  // What it died at may still take place.
  await new Promise((resolve) => setImmediate(resolve))
  return 'dead'
}
