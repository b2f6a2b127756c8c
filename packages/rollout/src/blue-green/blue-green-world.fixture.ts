import { type Clock, createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { definePolicy } from '../policy/define-policy.ts'
import { createFakeRouter } from '../steer/steer-world.fixture.ts'
import { createManualClock, createVerdict, scriptedJudge } from '../testing.ts'
import type { CreateBlueGreenOptions } from './blue-green-contract.ts'
import { createBlueGreen } from './create-blue-green.ts'
import type { BlueGreenHooks } from './hooks.ts'
import { blueGreen } from './plan.ts'

export const order = { actor: 'ada', reason: 'the new shop', ticket: 'SHOP-7' }
export const ops = { actor: 'olga', reason: 'looks odd' }

const policy = definePolicy({ blueGreen: { warmUpMs: 2_000 } })
const plan = blueGreen({ monitorMs: 5_000, lastMonitorMs: 3_000, verifyLimitMs: 20_000 }, policy)

/** Two arms behind a router, one log, and processes that die where a test says. */
export function createBlueGreenWorld() {
  const clock = createManualClock()
  const store = createMemoryStore()
  const router = createFakeRouter()
  router.reset({ blue: 100, green: 0 })
  /** What really runs on each arm. */
  const arms: Record<string, string | undefined> = { blue: 'v1' }
  const calls: string[] = []
  const broken = new Set<string>()
  const open: (() => Promise<void>)[] = []
  let verdict: 'pass' | 'fail' = 'pass'

  /** No arm that serves somebody may be without a version, at any moment. */
  function assertServed(): void {
    for (const [arm, share] of Object.entries(router.weights)) {
      if (share > 0 && arms[arm] === undefined) calls.push(`${arm} HAS ${share} % BUT RUNS NOTHING`)
    }
  }

  const judge = scriptedJudge(() => ({
    verdicts: [createVerdict(verdict)],
    canaryRequests: Math.min(...Object.values(router.weights)) < 100 && isShared() ? 10 : 0,
  }))

  function isShared(): boolean {
    return (router.weights.green ?? 0) > 0
  }

  /** @param dieAfter The process does nothing any more after so many effects: commits, hooks, changes of the router. */
  async function join(
    dieAfter = Number.POSITIVE_INFINITY,
    more: Partial<CreateBlueGreenOptions> = {},
  ) {
    let effects = 0
    const isDead = () => effects >= dieAfter
    const never = () => new Promise<never>(() => {})
    /** One effect: when the process dies right after it, it never hears of its success. */
    async function act<T>(work: () => T | Promise<T>): Promise<T> {
      if (isDead()) return never()
      const done = await work()
      effects += 1
      assertServed()
      return isDead() ? never() : done
    }
    const look = <T>(work: () => Promise<T>): Promise<T> => (isDead() ? never() : work())
    const hook = (name: string, effect: (arm: string, version: string) => void) => {
      return (arm: string, { version }: { version: string }) =>
        act(() => {
          calls.push(`${name} ${arm} ${version}`)
          if (broken.has(name)) throw new Error(`${name} is broken`)
          effect(arm, version)
        })
    }
    const hooks: BlueGreenHooks = {
      deploy: hook('deploy', (arm, version) => {
        arms[arm] = version
      }),
      smokeTest: hook('smoke', () => {}),
      warmUp: hook('warm', () => {}),
      decommission: hook('decommission', (arm) => {
        arms[arm] = undefined
      }),
    }
    const own: Store = {
      ...store,
      read: (after, limit) => look(() => store.read(after, limit)),
      append: (commit) => act(() => store.append(commit)),
    }
    // Its timers die with it.
    const ownClock: Clock = {
      now: clock.now,
      after: (delayMs, wake) => clock.after(delayMs, () => !isDead() && wake()),
    }
    const replica = createReplica({ store: own, clock: ownClock, snapshotEvery: 0 })
    await replica.start()
    const shop = createBlueGreen({
      ...{ replica, environment: 'production', service: 'shop', hooks, plan, policy, judge },
      clock: ownClock,
      router: {
        name: 'fake',
        apply: (weights) => act(() => router.apply(weights)),
        read: () => look(async () => router.weights),
      },
      ...more,
    })
    const errors: string[] = []
    shop.on('error', (error) => errors.push((error as Error).message))
    open.push(async () => {
      if (isDead()) return
      await Promise.all([shop.stop(), clock.advance(60_000)])
      await replica.close()
    })
    return {
      shop,
      replica,
      errors,
      get effects() {
        return effects
      },
    }
  }

  /** Time passes until it is so, ten minutes at the most. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let seconds = 0; seconds < 600 && !isSo(); seconds += 1) await clock.advance(1_000)
  }

  return {
    ...{ clock, store, router, arms, calls, broken, join, until },
    judge(next: 'pass' | 'fail') {
      verdict = next
    },
    async close() {
      for (const end of open.splice(0)) await end()
    },
  }
}
