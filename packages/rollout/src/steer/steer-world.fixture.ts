import type { Json, Split } from '@sluice/core'
import { createReplica } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { createManualClock } from '@sluice/stores/testing'
import type { Router } from '../router.ts'
import type { BrakeWord } from './brake.ts'
import { type SteerOptions, steerTraffic } from './steer-traffic.ts'

/** A log whose store can go away, a router that can hang, fail and forget, and time that stands still. */
export async function createSteerWorld() {
  const clock = createManualClock()
  const memory = createMemoryStore()
  let isAway = false
  const reach = <T>(work: () => Promise<T>): Promise<T> =>
    isAway ? Promise.reject(new Error('the store is away')) : work()
  const store = {
    ...memory,
    read: (after: number, limit?: number) => reach(() => memory.read(after, limit)),
    append: (commit: Parameters<typeof memory.append>[0]) => reach(() => memory.append(commit)),
    readSnapshot: () => reach(() => memory.readSnapshot()),
    watch: undefined as never,
  }
  const replica = createReplica({ store, clock, random: () => 0.5 })
  /** Another process's way to the same log. */
  const elsewhere = createReplica({ store: memory, clock })
  await replica.start()
  await replica.ready()
  const router = createFakeRouter()

  async function write(
    changes: readonly { readonly key: string; readonly value: Json }[],
    by: 'here' | 'elsewhere' = 'here',
  ): Promise<void> {
    const log = by === 'here' ? replica : elsewhere
    await log.refresh()
    await log.commit({ actor: 'ada', action: 'set_rollout', reason: 'a test', changes })
    await clock.advance(0)
  }

  return {
    clock,
    replica,
    router,
    setStore(state: 'away' | 'back') {
      isAway = state === 'away'
    },
    write,
    /** Writes a flag's exposure, by this process or by another. */
    expose: (exposure: Json, by: 'here' | 'elsewhere' = 'here') =>
      write([{ key: 'exposure/production/shop', value: exposure }], by),
    steer(options: Partial<SteerOptions> = {}) {
      const steering = steerTraffic({
        ...{ replica, environment: 'production', router, clock },
        ...{ flag: 'shop', arms: { stable: 'stable', canary: 'canary' } },
        ...options,
      } as SteerOptions)
      const told: string[] = []
      steering.on('applied', ({ weights }) => told.push(`applied ${JSON.stringify(weights)}`))
      steering.on('drift', ({ found }) => told.push(`drift ${JSON.stringify(found)}`))
      steering.on('error', (error) => told.push(`error ${(error as Error).message}`))
      return { steering, told }
    },
  }
}

/** A router in memory; `applied` is all it was given, in the order in which it took effect. */
export function createFakeRouter() {
  let weights: Split = { stable: 100, canary: 0 }
  let hanging: (() => void)[] | undefined
  let failure: Error | undefined
  const applied: Split[] = []
  const asked: Split[] = []
  const router: Router = {
    name: 'fake',
    async apply(split) {
      asked.push(split)
      if (failure !== undefined) throw failure
      if (hanging !== undefined) await new Promise<void>((resolve) => hanging?.push(resolve))
      weights = split
      applied.push(split)
    },
    async read() {
      if (failure !== undefined) throw failure
      return weights
    },
  }
  return {
    ...router,
    applied,
    asked,
    get weights() {
      return weights
    },
    /** As a restart does. */
    reset(to: Split) {
      weights = to
    },
    fail(error: Error | undefined) {
      failure = error
    },
    /** Calls that begin from now on do not end. */
    hang() {
      hanging = []
    },
    /** Calls that begin from now on end; `end` lets those that hang end, the n-th or all. */
    unhang(): (index?: number) => void {
      const held = hanging ?? []
      hanging = undefined
      return (index) => {
        for (const resolve of index === undefined ? held : held.slice(index, index + 1)) resolve()
      }
    },
  }
}

/** A brake to be set by hand. */
export function createBrake() {
  const listeners = new Set<(notice: BrakeWord) => void>()
  let word: BrakeWord | undefined
  return {
    get isBraking() {
      return word?.isOn === true
    },
    get state() {
      return word
    },
    on(_name: 'brake', listener: (notice: BrakeWord) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    set(isOn: boolean, flag = 'shop') {
      word = { flag, environment: 'production', isOn }
      for (const listener of listeners) listener(word)
    },
  }
}
