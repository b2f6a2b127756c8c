import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import type { RollingHooks } from './hooks.ts'
import { rolling } from './plan.ts'
import { createRollingWorld, ops, order } from './rolling-world.fixture.ts'

let world: ReturnType<typeof createRollingWorld>
beforeEach(() => {
  world = createRollingWorld()
})
afterEach(() => world.close())

const start = { ...order, version: 'v2', from: 'v1' }

async function begin(more: Parameters<typeof world.join>[1] = {}) {
  const process = await world.join(Number.POSITIVE_INFINITY, more)
  process.update.run()
  await process.update.start(start)
  const isOver = () => process.update.state !== undefined && isProcedureOver(process.update.state)
  return { ...process, isOver }
}

/** Hooks that do nothing and are well, but for those that a test gives. */
const quiet = (more: Partial<RollingHooks>): RollingHooks => ({
  takeOut: () => undefined,
  deploy: () => ({ exitCode: 0 }),
  check: () => true,
  putBack: () => undefined,
  ...more,
})

describe('an update after one that could not go back', () => {
  it('begins with the instance that is out, so that no more are out than may be', async () => {
    world.sick.add('c v2')
    world.broken.add('revert c')
    const { update, isOver } = await begin()
    await world.until(isOver)
    expect(update.state?.phase).toBe('failed')
    expect([...world.out]).toEqual(['c'])
    world.broken.clear()
    const before = world.calls.length
    await update.start({ ...order, version: 'v3' })
    await world.until(isOver)
    expect(update.state?.phase).toBe('succeeded')
    expect(world.calls[before]).toBe('out c v3')
    expect(world.mostOut).toBe(1)
    expect(world.runs).toEqual({ a: 'v3', b: 'v3', c: 'v3', d: 'v3' })
  })
})

describe('an instance of an update that was given up', () => {
  it('is not taken out any more, however late the log takes its entry', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const store = {
      ...world.store,
      async append(commit: Parameters<typeof world.store.append>[0]) {
        if (commit.reason.startsWith('b goes from v1 to v2')) await held
        return world.store.append(commit)
      },
    }
    const replica = createReplica({ store, clock: world.clock, snapshotEvery: 0 })
    await replica.start()
    const { update, isOver } = await begin({ replica })
    await world.until(() => update.state?.steps[2]?.phase === 'running')
    await world.clock.advance(1_000)
    const other = await world.join()
    await other.update.rollBack(ops)
    await world.clock.advance(3_000)
    letGo()
    await world.until(isOver)
    expect(world.calls).not.toContain('out b v2')
    expect(world.runs).toEqual({ a: 'v1', b: 'v1', c: 'v1', d: 'v1' })
    expect(world.out.size).toBe(0)
  })
})

describe('the time an instance has to become healthy', () => {
  it('is not over because the clock jumped ahead by an hour', async () => {
    let aheadMs = 0
    let checks = 0
    const clock = { now: () => world.clock.now() + aheadMs, after: world.clock.after }
    const check = () => {
      checks += 1
      if (checks === 1) aheadMs = 3_600_000
      return checks > 3
    }
    const { update, isOver } = await begin({ clock, hooks: quiet({ check }) })
    await world.until(isOver)
    expect(update.state?.phase).toBe('succeeded')
  })

  it('is over though the clock stands still', async () => {
    const clock = { now: () => 1_767_225_600_000, after: world.clock.after }
    const { update, isOver } = await begin({ clock, hooks: quiet({ check: () => false }) })
    await world.until(isOver)
    expect(update.state?.phase).toBe('failed')
    expect(update.state).toMatchObject({
      decision: { because: expect.stringContaining('a is not healthy with v2') },
    })
  })

  it('is not over for one that settles, by a single check that hangs', async () => {
    let isLost = false
    const check = () => {
      if (!isLost) return true
      isLost = false
      return new Promise<never>(() => {})
    }
    const plan = rolling({ settleMs: 2_000 })
    const { update, isOver } = await begin({ plan, hooks: quiet({ check }) })
    await world.until(() => update.state?.phase === 'waiting')
    isLost = true
    await world.until(isOver)
    expect(update.state?.phase).toBe('succeeded')
  })
})

describe('what a hook of an instance answers', () => {
  it('may be of any kind, as a library gives it', async () => {
    const { update, isOver } = await begin({ hooks: quiet({ check: () => ({ isHealthy: true }) }) })
    await world.until(isOver)
    expect(update.state?.phase).toBe('succeeded')
  })

  it.each(['takeOut', 'deploy', 'putBack'] as const)(
    'is a failure of %s where it is false',
    async (name) => {
      const hooks = quiet({
        [name]: (_: string, { version }: { version: string }) => version !== 'v2',
      })
      const { update, isOver } = await begin({ hooks })
      await world.until(isOver)
      expect(update.state).toMatchObject({
        phase: 'undone',
        decision: { because: expect.stringContaining(`${name} says that it failed`) },
      })
    },
  )

  it('may be thrown at once', async () => {
    const takeOut = (_: string, { version }: { version: string }) => {
      if (version === 'v2') throw 'not an error'
    }
    const { update, isOver } = await begin({ hooks: quiet({ takeOut }) })
    await world.until(isOver)
    expect(update.state).toMatchObject({
      phase: 'undone',
      decision: { because: expect.stringContaining('not an error') },
    })
  })

  it('names the trouble where the check does', async () => {
    const check = (_: string, { version }: { version: string }) =>
      version === 'v2' ? { isHealthy: false, because: 'answers 503' } : true
    const { update, isOver } = await begin({ hooks: quiet({ check }) })
    await world.until(isOver)
    expect(update.state).toMatchObject({
      decision: { because: expect.stringContaining('answers 503') },
    })
  })
})

describe('an update that cannot be', () => {
  it.each([
    ['an empty version', { version: ' ' }, '/version'],
    ['a version in two lines', { version: 'v2\n' }, '/version'],
    ['an empty version before', { from: '' }, '/from'],
  ])('is refused before anything is written: %s', async (_, wrong, pointer) => {
    const { update } = await world.join()
    await expect(update.start({ ...start, ...wrong })).rejects.toMatchObject({
      code: 'invalid_option',
      pointer,
    })
    expect(await world.store.read(0)).toEqual([])
  })

  it.each([
    [{ instances: ['a', ''] }, '/instances/1'],
    [{ instances: ['__proto__'] }, '/instances/0'],
    [{ environment: 'a/b' }, '/environment'],
    [{ service: '' }, '/service'],
  ])('is refused for its names: %j', async (more, pointer) => {
    await expect(world.join(undefined, more)).rejects.toMatchObject({
      code: 'invalid_option',
      pointer,
    })
  })

  it.each(['constructor', 'toString'])('is none for an instance named %s', async (name) => {
    const { update, isOver } = await begin({ instances: [name], hooks: quiet({}) })
    await world.until(isOver)
    expect(update.instances).toEqual({ [name]: { version: 'v2' } })
    await update.rollBack(ops)
    await world.until(() => update.state?.phase === 'undone')
    expect(update.instances).toEqual({ [name]: { version: 'v1' } })
  })
})
