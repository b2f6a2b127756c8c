import { readRolloutBoard } from '@sluice/rollout'
import { createManualClock } from '@sluice/stores/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  canary,
  createMemoryStore,
  createRolloutController,
  errorRate,
  type Flags,
  openFlags,
  type Store,
} from './index.ts'

const definitions = { checkout: { environments: ['production'] } }
const plan = canary({ stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }] })
const order = { actor: 'ada', reason: 'new checkout' }

let clock = createManualClock()
let store = createMemoryStore({ clock })
const opened: { close(): Promise<void> }[] = []
beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore({ clock })
})
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
  expect(clock.pendingTimers).toBe(0)
})

/** What an application writes, and nothing more: flags over a store, and a controller. */
async function start(processId: string, over: Store = store) {
  const flags = openFlags({ store: over, clock, definitions, environment: 'production', processId })
  await flags.ready()
  const controller = createRolloutController({
    ...{ flags, flag: 'checkout', plan, guards: [errorRate()], clock },
  })
  controller.run()
  opened.push(flags, { close: () => controller.stop() })
  return { flags, controller }
}

/** A hundred new users a second in each process; the canary fails one time in so many. */
async function serve(seconds: number, fleet: readonly Flags[], canaryErrorsIn: number) {
  let served = 0
  for (let second = 0; second < seconds; second += 1) {
    for (const flags of fleet) {
      for (let user = 0; user < 100; user += 1) {
        const on = () => ++served % canaryErrorsIn !== 0
        flags.guarded('checkout', `user-${second}-${user}`, {
          on,
          off: () => true,
          isOk: (ok) => ok,
        })
      }
    }
    await clock.advance(1_000)
  }
}

describe('flags over a store with an exchange', () => {
  it('are judged by what all processes counted, by one controller', async () => {
    const [one, other] = [await start('shop-1'), await start('shop-2')]
    await one.controller.start(order)
    await serve(40, [one.flags, other.flags], 4)
    expect(one.controller.state).toMatchObject({ phase: 'rolled_back' })
    const judges = [one, other].filter(({ controller }) => controller.verdicts.length > 0)
    expect(judges).toHaveLength(1)
    const { counts } = judges[0]!.controller.verdicts[0]!
    const own = judges[0]!.flags.health('checkout').read().canary.requests
    expect(counts.canary.requests).toBeGreaterThan(own)
    expect(judges[0]!.flags.fleet('checkout').processes()).toHaveLength(2)
  })

  it('tell nothing while no rollout wants it', async () => {
    const { flags } = await start('shop-1')
    await serve(5, [flags], 100)
    expect(await store.exchange!.collect('')).toEqual([])
  })

  it('tell what kept their counts from the others, and what they did not count', async () => {
    const { exchange } = store
    let isCut = false
    const { flags, controller } = await start('shop-1', {
      ...store,
      exchange: {
        publish: async (...args) =>
          isCut ? Promise.reject(new Error('it is away')) : exchange!.publish(...args),
        collect: exchange!.collect,
      },
    })
    const codes: string[] = []
    const stop = flags.on('error', ({ code }) => codes.push(code))
    await controller.start(order)
    await exchange!.publish('health/production/checkout/z', 'garbage', 60_000)
    await serve(3, [flags], 100)
    isCut = true
    await serve(3, [flags], 100)
    expect(codes).toEqual(['invalid_health', 'health_not_shared'])
    stop()
    isCut = false
    await serve(2, [flags], 100)
    isCut = true
    await serve(2, [flags], 100)
    expect(codes).toHaveLength(2)
  })

  it('need no exchange', async () => {
    const { exchange: _, ...without } = store
    const { flags, controller } = await start('shop-1', without)
    expect(flags.createLease('checkout')).toBeUndefined()
    await controller.start(order)
    await serve(40, [flags], 4)
    expect(controller.state).toMatchObject({ phase: 'rolled_back' })
    expect(flags.fleet('checkout').processes()).toMatchObject([{ processId: 'shop-1' }])
  })

  it('are told apart in one process by a name of their own', async () => {
    const names = [1, 2].map(() => {
      const flags = openFlags({ store, clock, definitions })
      opened.push(flags)
      return flags.fleet('checkout').processes()[0]!.processId
    })
    expect(names[0]).not.toBe(names[1])
    expect(names[0]).toContain(String(process.pid))
  })

  it('tell those outside what the guards say', async () => {
    const { flags, controller } = await start('shop-1')
    const { id } = await controller.start(order)
    await serve(5, [flags], 100)
    const at = { environment: 'production', flag: 'checkout', rollout: id }
    const board = await readRolloutBoard(store.exchange!, at)
    expect(board?.said).toMatchObject({ processId: 'shop-1', verdicts: [{ guard: 'error_rate' }] })
    expect(board?.onDuty).toHaveLength(1)
  })
})
