import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import { isProcedureOver } from '../procedure/state.ts'
import { type RollingOptions, rolling } from './plan.ts'
import { createRollingWorld, ops, order } from './rolling-world.fixture.ts'

let world: ReturnType<typeof createRollingWorld>
beforeEach(() => {
  world = createRollingWorld()
})
afterEach(() => world.close())

const start = { ...order, version: 'v2', from: 'v1' }
const everywhere = (version: string) => ({ a: version, b: version, c: version, d: version })

async function begin(more: Parameters<typeof world.join>[1] = {}) {
  const process = await world.join(Number.POSITIVE_INFINITY, more)
  process.update.run()
  await process.update.start(start)
  const isOver = () => process.update.state !== undefined && isProcedureOver(process.update.state)
  return { ...process, isOver }
}

describe('a rolling update', () => {
  it('takes one instance out, deploys, checks and puts it back, and then the next', async () => {
    const { update, isOver } = await begin()
    await world.until(isOver)
    expect(world.calls).toEqual(
      ['a', 'b', 'c', 'd'].flatMap((name) => [
        `out ${name} v2`,
        `deploy ${name} v2`,
        `back ${name} v2`,
      ]),
    )
    expect(world.runs).toEqual(everywhere('v2'))
    expect(world.mostOut).toBe(1)
    expect(update.state?.phase).toBe('succeeded')
    expect(update.instances).toEqual({
      ...{ a: { version: 'v2' }, b: { version: 'v2' } },
      ...{ c: { version: 'v2' }, d: { version: 'v2' } },
    })
  })

  it('lets the first one settle before the next begins', async () => {
    await begin({ plan: rolling({ settleMs: 60_000 }) })
    await world.clock.advance(59_000)
    expect(world.calls).toEqual(['out a v2', 'deploy a v2', 'back a v2'])
    await world.clock.advance(3_000)
    expect(world.calls).toContain('out b v2')
  })

  it('updates the others in batches, never more out at once than it may', async () => {
    const plan = rolling({ batch: 2, maxUnavailable: 2, settleMs: 0 })
    const { isOver, update } = await begin({ plan })
    await world.until(isOver)
    expect(update.state?.steps.map(({ name }) => name).slice(1)).toEqual([
      'batch_1',
      'batch_2',
      'batch_3',
    ])
    expect(world.mostOut).toBe(2)
    expect(world.runs).toEqual(everywhere('v2'))
  })

  it('stops at an instance that does not become healthy, and the done ones go back, newest first', async () => {
    world.sick.add('c v2')
    const { update, isOver } = await begin()
    await world.until(isOver)
    expect(update.state).toMatchObject({
      phase: 'undone',
      decision: { step: 'batch_3', because: expect.stringContaining('c is not healthy with v2') },
    })
    expect(world.runs).toEqual(everywhere('v1'))
    expect(world.out.size).toBe(0)
    expect(world.mostOut).toBe(1)
    expect(world.calls.filter((call) => call.startsWith('revert'))).toEqual([
      'revert c v1',
      'revert b v1',
      'revert a v1',
    ])
    expect(world.calls.filter((call) => call.includes(' d '))).toEqual([])
  })

  it('takes the newest of a batch back first', async () => {
    world.sick.add('c v2')
    const { isOver } = await begin({ plan: rolling({ batch: 2, maxUnavailable: 2 }) })
    await world.until(isOver)
    expect(world.calls.filter((call) => call.startsWith('revert'))).toEqual([
      'revert c v1',
      'revert b v1',
      'revert a v1',
    ])
    expect(world.out.size).toBe(0)
  })

  it('does not touch an instance that has the version already', async () => {
    const { update, replica } = await world.join()
    world.runs.a = 'v2'
    const value = { schema: 1, instances: { a: { version: 'v2' } } }
    const changes = [{ key: 'instances/production/shop', value }]
    await replica.commit({ ...ops, action: 'adopt_instances', changes })
    update.run()
    await update.start(start)
    await world.until(() => update.state?.phase === 'succeeded')
    expect(world.calls.filter((call) => call.includes(' a '))).toEqual([])
    expect(world.runs).toEqual(everywhere('v2'))
  })

  it('goes back when an instance that was done dies while a later one settles', async () => {
    const { isOver, update } = await begin()
    await world.until(() => world.calls.includes('deploy c v2'))
    world.sick.add('a v2')
    await world.until(isOver)
    expect(update.state).toMatchObject({ phase: 'undone' })
    expect(world.runs).toEqual(everywhere('v1'))
  })

  it('lets a single check be lost while a batch settles', async () => {
    const { isOver, update } = await begin()
    await world.until(() => update.state?.phase === 'waiting')
    world.sick.add('a v2')
    await world.clock.advance(2_500)
    world.sick.clear()
    await world.until(isOver)
    expect(update.state?.phase).toBe('succeeded')
  })

  it.each(['out', 'deploy', 'back'])('goes back when the hook %s throws', async (name) => {
    world.broken.add(`${name} b`)
    const { isOver, update } = await begin()
    await world.until(() => world.calls.includes(`${name} b v2`))
    world.broken.clear()
    await world.until(isOver)
    expect(update.state?.phase).toBe('undone')
    expect(world.runs).toEqual(everywhere('v1'))
    expect(world.out.size).toBe(0)
  })

  it('stops with what is left where an instance cannot go back, and goes on when asked again', async () => {
    world.sick.add('b v2')
    world.broken.add('revert b')
    const { isOver, update } = await begin()
    await world.until(isOver)
    expect(update.state).toMatchObject({ phase: 'failed', left: ['batch_2', 'batch_1'] })
    expect(world.mostOut).toBe(1)
    expect(update.instances.b).toEqual({ version: 'v1', isOut: true })
    expect(world.runs.a).toBe('v2')
    world.broken.clear()
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(world.runs).toEqual(everywhere('v1'))
    expect(world.out.size).toBe(0)
  })

  it('goes back by hand, in the middle and after the end', async () => {
    const { isOver, update } = await begin()
    await world.until(() => world.calls.includes('deploy b v2'))
    await update.rollBack(ops)
    await world.until(isOver)
    expect(world.runs).toEqual(everywhere('v1'))
    await update.start({ ...order, version: 'v3' })
    await world.until(isOver)
    expect(world.runs).toEqual(everywhere('v3'))
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(world.runs).toEqual(everywhere('v1'))
  })

  it('gives up a hook that hangs, and goes back', async () => {
    const { update } = await begin({
      hookTimeoutMs: 10_000,
      hooks: {
        takeOut: async () => {},
        putBack: async () => {},
        check: async () => true,
        deploy: (_, { version }) =>
          version === 'v2' ? new Promise<never>(() => {}) : Promise.resolve(),
      },
    })
    await world.until(() => update.state?.phase === 'undone')
    expect(update.state).toMatchObject({
      phase: 'undone',
      decision: { because: expect.stringContaining('deploy did not end within 10000 ms') },
    })
  })

  it('changes nothing when the same version is started again, under way or everywhere', async () => {
    const { update, isOver } = await begin()
    await world.until(() => world.calls.includes('deploy b v2'))
    expect((await update.start(start)).run).toBe(1)
    await world.until(isOver)
    const calls = world.calls.length
    expect(await update.start(start)).toMatchObject({ phase: 'succeeded', run: 1 })
    expect(world.calls).toHaveLength(calls)
  })

  it('refuses another version while one is under way, and one without a version to go back to', async () => {
    const { update } = await world.join()
    await expect(update.start({ ...order, version: 'v2' })).rejects.toMatchObject({
      code: 'no_version_before',
    })
    await update.start(start)
    await expect(update.start({ ...start, version: 'v3' })).rejects.toMatchObject({
      code: 'procedure_differs',
    })
    await update.rollBack(ops)
  })

  it('refuses instances that are none, and one that would leave nobody to serve', async () => {
    const refused = (more: object, pointer: string) =>
      expect(world.join(undefined, more)).rejects.toMatchObject({ code: 'invalid_option', pointer })
    await refused({ instances: [] }, '/instances')
    await refused({ instances: ['a', 'b', 'a'] }, '/instances/2')
    const plan = rolling({ maxUnavailable: 2 })
    await refused({ instances: ['a', 'b'], plan }, '/plan/maxUnavailable')
  })
})

describe('a rolling plan', () => {
  it('takes its numbers from the policy', () => {
    expect(rolling()).toEqual({
      ...{ kind: 'rolling', firstBatch: 1, batch: 1, maxUnavailable: 1 },
      ...{ healthTimeoutMs: 120_000, settleMs: 10_000 },
    })
    const own = {
      ...{ firstBatch: 2, batch: 3, maxUnavailable: 4 },
      ...{ healthTimeoutMs: 5_000, settleMs: 6_000 },
    }
    expect(rolling({}, definePolicy({ rolling: own }))).toEqual({ kind: 'rolling', ...own })
  })

  it.each([
    [{ batch: 2 }, '/batch'],
    [{ firstBatch: 0 }, '/firstBatch'],
    [{ maxUnavailable: 1.5 }, '/maxUnavailable'],
    [{ healthTimeoutMs: 0 }, '/healthTimeoutMs'],
    [{ settleMs: Number.NaN }, '/settleMs'],
    [{ surge: 1 }, '/surge'],
  ])('is refused where it is wrong: %j', (options, pointer) => {
    expect(() => rolling(options as RollingOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_plan', pointer }),
    )
  })
})
