import { type Clock, createReplica, type Store } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { createBlueGreenWorld, order } from './blue-green-world.fixture.ts'
import type { BlueGreenHooks } from './hooks.ts'

let world: ReturnType<typeof createBlueGreenWorld>
beforeEach(() => {
  world = createBlueGreenWorld()
})
afterEach(() => world.close())

const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }
const yearMs = 365 * 86_400_000

/** A deployment whose process, log included, has that clock and that store. */
async function begin(clock: Clock, store: Store = world.store, hooks?: BlueGreenHooks) {
  const replica = createReplica({ store, clock, snapshotEvery: 0 })
  await replica.start()
  await replica.ready()
  const { shop } = await world.join(undefined, { replica, clock, ...(hooks && { hooks }) })
  await shop.adopt(adoption)
  shop.run()
  await shop.start({ ...order, version: 'v2' })
  return {
    shop,
    isOver: () => shop.state !== undefined && isProcedureOver(shop.state),
    close: () => replica.close(),
  }
}

const calls = (name: string) => world.calls.filter((call) => call.startsWith(name))

describe('a whole blue-green deployment under a clock', () => {
  it.each(['pass', 'fail'] as const)(
    'that jumps ten years up and down ends: %s',
    async (verdict) => {
      let offsetMs = 0
      const clock: Clock = { now: () => world.clock.now() + offsetMs, after: world.clock.after }
      const { shop, isOver, close } = await begin(clock)
      const jumps = [10, -10, -10, 10].map((years) => years * yearMs)
      await world.until(() => shop.controller.state?.phase === 'running')
      world.judge(verdict)
      for (let seconds = 0; seconds < 600 && !isOver(); seconds += 1) {
        await world.clock.advance(1_000)
        if (seconds % 3 === 0) offsetMs += jumps[(seconds / 3) % jumps.length] ?? 0
      }
      expect(shop.state?.phase).toBe(verdict === 'pass' ? 'succeeded' : 'undone')
      expect(shop.record?.live).toBe(verdict === 'pass' ? 'green' : 'blue')
      expect(calls('deploy')).toHaveLength(1)
      expect(world.calls.filter((call) => call.includes('RUNS NOTHING'))).toEqual([])
      await close()
    },
  )

  it('that stands still goes no further than what was observed, and goes back when it is to', async () => {
    const startedAt = world.clock.now()
    const clock: Clock = { now: () => startedAt, after: world.clock.after }
    const { shop, isOver, close } = await begin(clock)
    await world.clock.advance(120_000)
    expect(isOver()).toBe(false)
    expect(world.arms).toMatchObject({ blue: 'v1', green: 'v2' })
    world.judge('fail')
    await world.until(isOver)
    expect(shop.record?.live).toBe('blue')
    expect(world.router.weights).toMatchObject({ blue: 100, green: 0 })
    await close()
  })
})

describe('a store that is away for the length of a step', () => {
  it('makes the deployment wait: the arm is deployed to once, and nothing comes after it', async () => {
    let isAway = false
    const gone = () => Promise.reject(new Error('the store is away'))
    const store: Store = {
      ...world.store,
      read: (after, limit) => (isAway ? gone() : world.store.read(after, limit)),
      append: (commit) => (isAway ? gone() : world.store.append(commit)),
    }
    const note = (name: string) => () => void world.calls.push(name)
    const { shop, isOver, close } = await begin(world.clock, store, {
      async deploy(arm, { version }) {
        note('deploy')()
        isAway = true
        await new Promise<void>((wake) => void world.clock.after(20_000, wake))
        world.arms[arm] = version
      },
      smokeTest: note('smoke'),
      decommission: note('decommission'),
    })
    await world.clock.advance(60_000)
    expect(world.calls).toEqual(['deploy'])
    isAway = false
    await world.until(isOver)
    expect(shop.state?.phase).toBe('succeeded')
    expect(world.calls).toEqual(['deploy', 'smoke', 'decommission'])
    expect(world.router.weights).toMatchObject({ blue: 0, green: 100 })
    await close()
  })
})
