import { type Clock, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '../testing.ts'
import { createRollingUpdate, type RollingUpdateOptions } from './create-rolling-update.ts'
import type { InstanceContext, RollingHooks } from './hooks.ts'
import { rolling } from './plan.ts'

export const order = { actor: 'ada', reason: 'the new shop', ticket: 'SHOP-7' }
export const ops = { actor: 'olga', reason: 'looks odd' }

/** Four instances, one log, and processes that die where a test says. */
export function createRollingWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  /** What really runs, and who is out of the traffic. */
  const runs: Record<string, string> = { a: 'v1', b: 'v1', c: 'v1', d: 'v1' }
  const out = new Set<string>()
  const calls: string[] = []
  /** `instance version`: it never becomes healthy. */
  const sick = new Set<string>()
  /** `hook instance`: it throws. */
  const broken = new Set<string>()
  const open: (() => Promise<void>)[] = []
  let mostOut = 0

  /** @param dieAfter The process does nothing any more after so many effects: commits and hooks. */
  async function join(
    dieAfter = Number.POSITIVE_INFINITY,
    more: Partial<RollingUpdateOptions> = {},
  ) {
    let effects = 0
    const isDead = () => effects >= dieAfter
    const never = () => new Promise<never>(() => {})
    async function act<T>(work: () => T | Promise<T>): Promise<T> {
      if (isDead()) return never()
      const done = await work()
      effects += 1
      mostOut = Math.max(mostOut, out.size)
      return isDead() ? never() : done
    }
    const hook = (name: string, effect: (instance: string, version: string) => void) => {
      return (instance: string, { version }: InstanceContext) =>
        act(() => {
          calls.push(`${name} ${instance} ${version}`)
          if (broken.has(`${name} ${instance}`)) throw new Error(`${name} is broken`)
          effect(instance, version)
        })
    }
    // Its timers die with it.
    const ownClock: Clock = {
      now: clock.now,
      after: (delayMs, wake) => clock.after(delayMs, () => !isDead() && wake()),
    }
    const deploy = hook('deploy', (instance, version) => {
      runs[instance] = version
    })
    const hooks: RollingHooks = {
      takeOut: hook('out', (instance) => out.add(instance)),
      deploy: async (instance, context) => {
        // It takes a while, so that those of one batch are out together.
        await new Promise<void>((resolve) => void ownClock.after(100, resolve))
        await deploy(instance, context)
      },
      check: (instance, { version }) =>
        act(() => runs[instance] === version && !sick.has(`${instance} ${version}`)),
      putBack: hook('back', (instance) => out.delete(instance)),
      revert: hook('revert', (instance, version) => {
        runs[instance] = version
      }),
    }
    const look = <T>(work: () => Promise<T>): Promise<T> => (isDead() ? never() : work())
    const own: Store = {
      ...store,
      read: (after, limit) => look(() => store.read(after, limit)),
      append: (commit) => act(() => store.append(commit)),
    }
    const replica = createReplica({ store: own, clock: ownClock, snapshotEvery: 0 })
    await replica.start()
    const update = createRollingUpdate({
      ...{ replica, environment: 'production', service: 'shop', hooks, clock: ownClock },
      instances: ['a', 'b', 'c', 'd'],
      plan: rolling({ healthTimeoutMs: 5_000, settleMs: 2_000 }),
      ...more,
    })
    const errors: string[] = []
    update.on('error', (error) => errors.push((error as Error).message))
    open.push(async () => {
      if (isDead()) return
      await Promise.all([update.stop(), clock.advance(60_000)])
      await replica.close()
    })
    return {
      ...{ update, replica, errors },
      get effects() {
        return effects
      },
    }
  }

  /** Time passes until it is so, fifteen minutes at the most. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let seconds = 0; seconds < 900 && !isSo(); seconds += 1) await clock.advance(1_000)
  }

  return {
    ...{ clock, store, runs, out, calls, sick, broken, join, until },
    get mostOut() {
      return mostOut
    },
    async close() {
      for (const end of open.splice(0)) await end()
    },
  }
}
