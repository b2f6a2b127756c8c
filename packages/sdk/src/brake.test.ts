import { createManualClock, createVerdict, scriptedJudge } from '@sluice/rollout/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  canary,
  createMemoryStore,
  createRolloutController,
  type FlagRolloutOptions,
  type Flags,
  openFlags,
  type Store,
} from './index.ts'

const definitions = { checkout: { environments: ['production'] } }
const plan = canary({ stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }] })
const order = { actor: 'ada', reason: 'new checkout' }
const minuteMs = 60_000
const users = Array.from({ length: 500 }, (_, index) => `user-${index}`)

let clock = createManualClock()
let log = createMemoryStore({ clock })
/** What the store does: it answers, refuses, or never answers. */
let line: 'good' | 'gone' | 'hanging' = 'good'
const opened: { close(): Promise<void> }[] = []

beforeEach(() => {
  clock = createManualClock()
  log = createMemoryStore({ clock })
  line = 'good'
})
afterEach(async () => {
  line = 'good'
  const closed = Promise.all(opened.splice(0).map((each) => each.close()))
  // What is under way over a line that hung ends by its time limit.
  await clock.advance(minuteMs)
  await closed
})

async function overLine<T>(act: () => Promise<T>): Promise<T> {
  if (line === 'hanging') return new Promise(() => {})
  if (line === 'gone') throw new Error('the store is gone')
  return act()
}

/** The store as one process reaches it. */
function connect(): Store {
  return {
    read: (after, limit) => overLine(() => log.read(after, limit)),
    append: (commit) => overLine(() => log.append(commit)),
    readSnapshot: () => overLine(() => log.readSnapshot()),
    writeSnapshot: (snapshot) => overLine(() => log.writeSnapshot(snapshot)),
    close: async () => {},
  }
}

/** A process: flags and a controller, as an application has them. */
async function join(store: Store, options: Partial<FlagRolloutOptions<typeof definitions>> = {}) {
  const flags = openFlags({ store, clock, definitions, environment: 'production' })
  await flags.ready()
  const judge = scriptedJudge(() => [createVerdict(outcome)])
  const controller = createRolloutController({
    ...{ flags, flag: 'checkout', plan, clock, judge },
    ...options,
  })
  opened.push(flags, { close: () => controller.stop() })
  return { flags, controller }
}

let outcome: 'pass' | 'fail' = 'pass'
beforeEach(() => {
  outcome = 'pass'
})

function countOn(flags: Flags<typeof definitions>): number {
  return users.filter((user) => flags.isEnabled('checkout', user)).length
}

async function readActions(): Promise<string[]> {
  return (await log.read(0)).map(({ action }) => action)
}

describe('a store that is gone for the length of a rollback', () => {
  it.each(['gone', 'hanging'] as const)(
    'does not keep the process that detected it from serving the canary to nobody (%s)',
    async (how) => {
      const { flags, controller } = await join(connect())
      const brakes: boolean[] = []
      controller.on('brake', ({ isOn }) => brakes.push(isOn))
      controller.on('error', () => {})
      await controller.start(order)
      controller.run()
      await clock.advance(2_000)
      expect(countOn(flags)).toBeGreaterThan(0)

      line = how
      outcome = 'fail'
      await clock.advance(1_000)
      expect(controller.isBraking).toBe(true)
      // Whatever a later look would say: the decision stands.
      outcome = 'pass'
      for (let second = 0; second < 600; second += 1) {
        expect(countOn(flags)).toBe(0)
        await clock.advance(1_000)
      }
      expect(controller.state?.phase).toBe('running')

      line = 'good'
      await clock.advance(2 * minuteMs)
      expect(controller.state).toMatchObject({
        phase: 'rolled_back',
        overruns: ['decision', 'total'],
      })
      expect(countOn(flags)).toBe(0)
      expect(controller.isBraking).toBe(false)
      expect(brakes).toEqual([true, false])
      expect((await readActions()).filter((action) => action === 'roll_back')).toHaveLength(1)
    },
  )

  it('is followed by one rollback, where another process wrote it meanwhile', async () => {
    const { flags, controller } = await join(connect())
    const other = await join(log)
    controller.on('error', () => {})
    await controller.start(order)
    controller.run()
    await clock.advance(2_000)
    line = 'gone'
    outcome = 'fail'
    await clock.advance(2_000)
    expect(countOn(flags)).toBe(0)
    await other.controller.rollBack({ actor: 'olga', reason: 'seen elsewhere' })
    await clock.advance(10_000)
    expect(controller.isBraking).toBe(true)

    line = 'good'
    await clock.advance(minuteMs)
    expect(controller.isBraking).toBe(false)
    expect(countOn(flags)).toBe(0)
    expect((await readActions()).filter((action) => action === 'roll_back')).toHaveLength(1)
    // Nothing of the brake is left over for the next rollout.
    outcome = 'pass'
    await controller.start(order)
    expect(countOn(flags)).toBeGreaterThan(0)
  })

  it('is not waited for by a hold limit that rolls back', async () => {
    const strict = canary({ ...plan, holdLimitMs: minuteMs, onHoldLimit: 'roll_back' })
    const judge = scriptedJudge(() => [createVerdict('fail', { consequence: 'hold' })])
    const { flags, controller } = await join(connect(), { plan: strict, judge })
    controller.on('error', () => {})
    await controller.start(order)
    controller.run()
    await clock.advance(5_000)
    line = 'gone'
    await clock.advance(minuteMs)
    expect(countOn(flags)).toBe(0)
    line = 'good'
    await clock.advance(minuteMs)
    expect(controller.state?.phase).toBe('rolled_back')
  })

  it.each(['gone', 'hanging'] as const)(
    'does not keep a person from going back: their word stands until it is written (%s)',
    async (how) => {
      const { flags, controller } = await join(connect())
      controller.on('error', () => {})
      await controller.start(order)
      controller.run()
      await clock.advance(2_000)
      line = how
      const saidAt = clock.now()
      const said = controller.rollBack({ actor: 'olga', reason: 'tickets' }).catch((error) => error)
      for (let second = 0; second < 120; second += 1) {
        expect(countOn(flags)).toBe(0)
        await clock.advance(1_000)
      }
      expect(await said).toMatchObject({ code: 'rollback_pending' })
      line = 'good'
      await clock.advance(minuteMs)
      expect(controller.state).toMatchObject({
        phase: 'rolled_back',
        rollback: { by: 'olga', because: 'tickets', detectedAt: saidAt },
      })
      expect(countOn(flags)).toBe(0)
      expect(controller.isBraking).toBe(false)
      expect((await readActions()).filter((action) => action === 'roll_back')).toHaveLength(1)
    },
  )

  it('is no reason to brake where what is said cannot be written at all', async () => {
    const { flags, controller } = await join(connect())
    await controller.start(order)
    const nobody = { actor: '', reason: 'x' }
    await expect(controller.rollBack(nobody)).rejects.toMatchObject({ code: 'invalid_commit' })
    expect(controller.isBraking).toBe(false)
    expect(countOn(flags)).toBeGreaterThan(0)
  })

  it('leaves the brake on in a process whose controller stopped, until the log says otherwise', async () => {
    const { flags, controller } = await join(connect())
    const other = await join(log)
    controller.on('error', () => {})
    await controller.start(order)
    controller.run()
    await clock.advance(2_000)
    line = 'gone'
    outcome = 'fail'
    await clock.advance(2_000)
    const stopped = controller.stop()
    await clock.advance(minuteMs)
    await stopped
    expect(countOn(flags)).toBe(0)
    line = 'good'
    await clock.advance(minuteMs)
    expect(countOn(flags)).toBe(0)
    await other.controller.abort({ actor: 'olga', reason: 'taken over by hand' })
    await clock.advance(minuteMs)
    expect(countOn(flags)).toBeGreaterThan(0)
  })

  it('is not released by another controller of the flag in the same process', async () => {
    const { flags, controller } = await join(connect())
    const desk = createRolloutController({ flags, flag: 'checkout', plan, clock })
    desk.on('error', () => {})
    controller.on('error', () => {})
    await controller.start(order)
    controller.run()
    await clock.advance(2_000)
    line = 'gone'
    outcome = 'fail'
    await clock.advance(2_000)
    await expect(desk.rollBack(order)).rejects.toMatchObject({ code: 'rollback_pending' })
    expect([controller.isBraking, desk.isBraking]).toEqual([true, true])
    line = 'good'
    await desk.stop()
    const served: number[] = []
    for (const each of [controller, desk]) each.on('brake', () => served.push(countOn(flags)))
    await clock.advance(minuteMs)
    expect(served).toEqual([0, 0])
    expect([controller.isBraking, desk.isBraking]).toEqual([false, false])
  })

  it('turns nothing on that somebody has switched off meanwhile', async () => {
    const { flags } = await join(log)
    await flags.enable('checkout', order)
    flags.brake('checkout', { enabled: true, rollout: 0 })
    await flags.disable('checkout', order)
    expect(flags.snapshot().inspect('checkout')?.exposure).toEqual({ enabled: false, rollout: 0 })
    await flags.enable('checkout', order)
    expect(flags.snapshot().inspect('checkout')?.exposure).toEqual({ enabled: true, rollout: 0 })
  })

  it.each([null, 'off', { rollout: Number.NaN }, { rollout: 101 }])(
    'takes no %j for an exposure, and what stands there goes on',
    async (bad) => {
      const { flags } = await join(log)
      await flags.enable('checkout', order)
      expect(() => flags.brake('checkout', bad as never)).toThrow('checkout')
      await flags.setRollout('checkout', 100, order)
      expect(countOn(flags)).toBe(users.length)
    },
  )

  it('brakes this flag and no other', async () => {
    const two = { ...definitions, search: { environments: ['production'] } }
    const flags = openFlags({ store: log, clock, definitions: two, environment: 'production' })
    opened.push(flags)
    await flags.ready()
    for (const key of ['checkout', 'search'] as const) {
      await flags.enable(key, order)
      await flags.setRollout(key, 100, order)
    }
    flags.brake('checkout', { enabled: true, rollout: 0 })
    expect(flags.isEnabled('checkout', 'ann')).toBe(false)
    expect(flags.isEnabled('search', 'ann')).toBe(true)
    // What comes in meanwhile is taken in, and served after the release.
    await flags.setRollout('checkout', 50, order)
    expect(countOn(flags as never)).toBe(0)
    flags.release('checkout')
    expect(countOn(flags as never)).toBeGreaterThan(200)
  })
})
