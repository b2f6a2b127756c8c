import { createReplica, type Store } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  canary,
  createRolloutController,
  type RolloutController,
  type RolloutControllerOptions,
} from '../index.ts'
import { createManualClock, createVerdict, scriptedJudge } from '../testing.ts'
import { fail, ops, order, pass } from './controller-world.ts'

const plan = canary({ stages: [{ rolloutPercent: 5 }, { rolloutPercent: 100 }] })
const minuteMs = 60_000

let clock = createManualClock()
let log = createMemoryStore({ clock })
/** What this process's line to the store does with reads, and with what is written. */
let line: Record<'read' | 'append', 'good' | 'gone' | 'hanging' | Promise<unknown>>
let said = pass
const ends: (() => Promise<void>)[] = []

beforeEach(() => {
  clock = createManualClock()
  log = createMemoryStore({ clock })
  line = { read: 'good', append: 'good' }
  said = pass
})
afterEach(async () => {
  line = { read: 'good', append: 'good' }
  const ended = Promise.all(ends.splice(0).map((end) => end()))
  await clock.advance(minuteMs)
  await ended
})

async function over<T>(way: 'read' | 'append', act: () => Promise<T>): Promise<T> {
  const how = line[way]
  if (how === 'hanging') return new Promise(() => {})
  if (how === 'gone') throw new Error('the store is gone')
  await how
  return act()
}

async function join(store: Store, options: Partial<RolloutControllerOptions> = {}) {
  const replica = createReplica({ store, clock })
  await replica.start()
  await replica.ready()
  const controller = createRolloutController({
    ...{ replica, environment: 'production', flag: 'checkout', plan, clock },
    judge: scriptedJudge(() => [said]),
    ...options,
  })
  const errors: unknown[] = []
  controller.on('error', (error) => errors.push(error))
  ends.push(async () => {
    await controller.stop()
    await replica.close()
  })
  return { controller, replica, errors }
}

/** A process behind the line, with a rollout that runs. */
async function begin(options: Partial<RolloutControllerOptions> = {}) {
  const joined = await join(
    {
      read: (after, limit) => over('read', () => log.read(after, limit)),
      append: (commit) => over('append', () => log.append(commit)),
      readSnapshot: () => log.readSnapshot(),
      writeSnapshot: (snapshot) => log.writeSnapshot(snapshot),
      close: async () => {},
    },
    options,
  )
  await joined.controller.start(order)
  joined.controller.run()
  await clock.advance(2_000)
  return joined
}

function lose(): void {
  line = { read: 'gone', append: 'gone' }
}

function find(): void {
  line = { read: 'good', append: 'good' }
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error) => error.code,
  )
}

async function countRollbacks(): Promise<number> {
  return (await log.read(0)).filter(({ action }) => action === 'roll_back').length
}

async function expectBack(controller: RolloutController): Promise<void> {
  await clock.advance(minuteMs)
  expect(controller.state?.phase).toBe('rolled_back')
  expect(controller.isBraking).toBe(false)
  expect(await countRollbacks()).toBe(1)
}

describe('an order that no log would take', () => {
  it.each([
    ['no actor', { actor: '', reason: 'x' }],
    ['no reason', { actor: 'olga', reason: ' ' }],
    ['a lone surrogate', { actor: 'olga', reason: 'x\ud800' }],
    ['an empty ticket', { ...ops, ticket: '' }],
    ['nothing', undefined],
  ])('is refused at once, and takes no place of a guard’s decision: %s', async (_, bad) => {
    const { controller } = await begin()
    lose()
    said = fail
    await clock.advance(2_000)
    said = pass
    expect(controller.isBraking).toBe(true)
    expect(await codeOf(controller.rollBack(bad as never))).toBe('invalid_commit')
    expect(controller.isBraking).toBe(true)
    find()
    await expectBack(controller)
    expect(controller.state).toMatchObject({ rollback: { by: 'controller' } })
  })

  it('does not let go of the brake where the store is back', async () => {
    const { controller } = await begin()
    line.append = 'gone'
    said = fail
    await clock.advance(2_000)
    expect(controller.isBraking).toBe(true)
    const brakes: boolean[] = []
    controller.on('brake', ({ isOn }) => brakes.push(isOn))
    await codeOf(controller.rollBack({ actor: '', reason: '' }))
    expect(brakes).toEqual([])
  })
})

describe('a word that is owed', () => {
  it('is not forgotten by a look that was under way', async () => {
    const { controller } = await begin()
    // The look's commit is slow, and gets there; the person's read does not.
    let arrive = (_: unknown) => {}
    line.append = new Promise((resolve) => {
      arrive = resolve
    })
    said = createVerdict('fail', { consequence: 'hold' })
    await clock.advance(1_000)
    line.read = 'gone'
    expect(await codeOf(controller.rollBack(ops))).toBe('rollback_pending')
    arrive(undefined)
    await clock.advance(0)
    expect(controller.isBraking).toBe(true)
    said = pass
    find()
    await expectBack(controller)
    expect(controller.state).toMatchObject({ rollback: { by: 'olga' } })
  })

  it('is not overtaken by a promotion in this process', async () => {
    const { controller } = await begin({
      plan: canary({ stages: [{ rolloutPercent: 100 }], maxFirstStagePercent: 100 }),
    })
    lose()
    expect(await codeOf(controller.rollBack(ops))).toBe('rollback_pending')
    find()
    expect(await codeOf(controller.promote(order))).toBe('rolling_back')
    await expectBack(controller)
  })

  it('that comes too late is told, not dropped', async () => {
    const { controller, errors } = await begin()
    const other = await join(log)
    lose()
    expect(await codeOf(controller.rollBack(ops))).toBe('rollback_pending')
    await other.controller.abort({ actor: 'otto', reason: 'mine' })
    find()
    await clock.advance(minuteMs)
    expect(controller.isBraking).toBe(false)
    expect(errors).toContainEqual(expect.objectContaining({ code: 'rollback_overtaken' }))
  })
})

describe('going back', () => {
  it.each(['gone', 'hanging'] as const)(
    'waits for no store, where someone had moved the exposure (%s)',
    async (how) => {
      const { controller, replica } = await begin()
      const key = 'exposure/production/checkout'
      line.append = how
      const other = await join(log)
      await other.replica.commit({
        ...{ actor: 'otto', action: 'set_rollout', reason: 'more' },
        changes: [{ key, value: { enabled: true, rollout: 50 } }],
      })
      await replica.refresh()
      expect(replica.get(key)?.value).toMatchObject({ rollout: 50 })
      said = fail
      // What hangs is given up by the replica after 15 s.
      await clock.advance(40_000)
      expect(controller.isBraking).toBe(true)
      find()
      await expectBack(controller)
    },
  )

  it('is written though the clock showed no time when it was detected', async () => {
    let isBroken = false
    const own = { now: () => (isBroken ? Number.NaN : clock.now()), after: clock.after }
    const { controller } = await begin({ clock: own })
    isBroken = true
    said = fail
    await clock.advance(2_000)
    isBroken = false
    await expectBack(controller)
  })

  it('is written though the clock showed no time when a person said so', async () => {
    let isBroken = false
    const own = { now: () => (isBroken ? Number.NaN : clock.now()), after: clock.after }
    const { controller } = await begin({ clock: own })
    isBroken = true
    await codeOf(controller.rollBack(ops))
    isBroken = false
    await expectBack(controller)
  })

  it.each([
    ['huge', 'x'.repeat(5_000_000)],
    ['not well-formed', 'x\ud800'],
  ])('is written whatever the guard says of it: %s', async (_, because) => {
    const { controller } = await begin()
    said = createVerdict('fail', { because })
    await clock.advance(2_000)
    await expectBack(controller)
  })

  it('ends where the clock was ahead when it was executed, and nothing can be seen since', async () => {
    let aheadMs = 0
    let isBlind = false
    const own = { now: () => clock.now() + aheadMs, after: clock.after }
    const judge = scriptedJudge(() => {
      if (isBlind) throw new Error('no metrics')
      return { verdicts: [said], canaryRequests: 1 }
    })
    const { controller } = await begin({ clock: own, judge })
    aheadMs = 365 * 24 * 60 * minuteMs
    said = fail
    await clock.advance(1_500)
    expect(controller.state?.phase).toBe('verifying')
    aheadMs = 0
    isBlind = true
    await clock.advance(plan.verifyLimitMs - 5_000)
    expect(controller.state?.phase).toBe('verifying')
    await clock.advance(10_000)
    expect(controller.state).toMatchObject({ phase: 'rolled_back' })
    expect(controller.state).toMatchObject({ overruns: expect.arrayContaining(['verification']) })
  })
})
