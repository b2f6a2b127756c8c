import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { createBlueGreenWorld, ops, order } from './blue-green-world.fixture.ts'

let world: ReturnType<typeof createBlueGreenWorld>
beforeEach(() => {
  world = createBlueGreenWorld()
})
afterEach(() => world.close())

const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }

async function begin() {
  const process = await world.join()
  await process.shop.adopt(adoption)
  process.shop.run()
  await process.shop.start({ ...order, version: 'v2' })
  const isOver = () => process.shop.state !== undefined && isProcedureOver(process.shop.state)
  return { ...process, isOver }
}

describe('a blue-green deployment', () => {
  it('deploys, tries, warms up, switches, monitors and takes the old arm down', async () => {
    const { shop, isOver, errors } = await begin()
    await world.until(isOver)
    expect(errors).toEqual([])
    expect(world.calls).toEqual([
      'deploy green v2',
      'smoke green v2',
      'warm green v2',
      'decommission blue v1',
    ])
    expect(shop.state?.phase).toBe('succeeded')
    expect(shop.record).toEqual({
      ...{ schema: 1, live: 'green', idle: 'blue' },
      versions: { green: 'v2' },
    })
    // All but the holdback, then all; and the change of sides moves nothing.
    expect(world.router.applied).toEqual([
      { blue: 100, green: 0 },
      { blue: 5, green: 95 },
      { blue: 0, green: 100 },
    ])
  })

  it('sends a version back that fails its smoke test, before it had any traffic', async () => {
    world.broken.add('smoke')
    const { shop, isOver } = await begin()
    await world.until(isOver)
    expect(shop.state?.phase).toBe('undone')
    expect(world.arms).toEqual({ blue: 'v1', green: undefined })
    expect(shop.record?.versions).toEqual({ blue: 'v1' })
    expect(world.router.applied).toEqual([{ blue: 100, green: 0 }])
    expect(shop.controller.state).toBeUndefined()
  })

  it('switches back by itself when a guard fails, and takes the new arm down when it is quiet', async () => {
    const { shop, isOver } = await begin()
    await world.until(() => shop.controller.state?.phase === 'running')
    world.judge('fail')
    await world.until(isOver)
    expect(shop.state).toMatchObject({
      phase: 'undone',
      decision: {
        cause: 'failed',
        step: 'monitor',
        because: expect.stringContaining('scripted to fail'),
      },
    })
    expect(shop.controller.state?.phase).toBe('rolled_back')
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
    expect(world.arms).toEqual({ blue: 'v1', green: undefined })
    expect(world.calls.at(-1)).toBe('decommission green v2')
  })

  it('switches back by hand, traffic first', async () => {
    const { shop, isOver } = await begin()
    await world.until(() => world.router.weights.green === 95)
    await shop.switchBack(ops)
    await world.clock.advance(0)
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
    await world.until(isOver)
    expect(shop.state).toMatchObject({
      phase: 'undone',
      decision: { cause: 'rolled_back', by: 'olga' },
    })
    expect(world.arms).toEqual({ blue: 'v1', green: undefined })
  })

  it('switches back before the switch, too', async () => {
    const { shop, isOver } = await begin()
    await world.until(() => world.calls.includes('warm green v2'))
    await shop.switchBack(ops)
    await world.until(isOver)
    expect(shop.state?.phase).toBe('undone')
    expect(world.router.applied).toEqual([{ blue: 100, green: 0 }])
  })

  it('refuses to switch back once the old arm is being taken down', async () => {
    const { shop, isOver } = await begin()
    await world.until(isOver)
    await expect(shop.switchBack(ops)).rejects.toMatchObject({ code: 'old_arm_gone' })
    expect(world.router.weights).toEqual({ blue: 0, green: 100 })
  })

  it('without a hook that takes arms down, can be switched back when all is over', async () => {
    const { shop } = await world.join(Number.POSITIVE_INFINITY, {
      hooks: {
        deploy: async (arm, { version }) => {
          world.arms[arm] = version
        },
      },
    })
    await shop.adopt(adoption)
    shop.run()
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => shop.state?.phase === 'succeeded')
    expect(shop.record).toMatchObject({ live: 'green', versions: { blue: 'v1', green: 'v2' } })
    await shop.switchBack(ops)
    await world.until(() => shop.state?.phase === 'undone')
    expect(shop.record).toMatchObject({ live: 'blue', idle: 'green' })
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
  })

  it('goes the other way round with the next version', async () => {
    const { shop, isOver } = await begin()
    await world.until(isOver)
    await shop.start({ ...order, version: 'v3' })
    await world.until(isOver)
    expect(shop.record).toEqual({
      ...{ schema: 1, live: 'blue', idle: 'green' },
      versions: { blue: 'v3' },
    })
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
    expect(world.arms).toEqual({ blue: 'v3', green: undefined })
  })

  it('leaves what cannot be taken down, says so, and succeeds', async () => {
    world.broken.add('decommission')
    const { shop, isOver, errors } = await begin()
    await world.until(isOver)
    expect(shop.state?.phase).toBe('succeeded')
    expect(errors.filter((error) => error === 'decommission is broken')).toHaveLength(5)
    expect(shop.state?.steps.at(-1)).toMatchObject({ result: { left: 'decommission is broken' } })
    expect(world.router.weights).toEqual({ blue: 0, green: 100 })
    expect(shop.record?.versions).toEqual({ blue: 'v1', green: 'v2' })
  })

  it.each(['deploy', 'smokeTest', 'warmUp'])('goes back when the hook %s hangs', async (name) => {
    const { shop } = await world.join(Number.POSITIVE_INFINITY, {
      hookTimeoutMs: 20_000,
      hooks: { deploy: async () => {}, [name]: () => new Promise<never>(() => {}) },
    })
    await shop.adopt(adoption)
    shop.run()
    await shop.start({ ...order, version: 'v2' })
    await world.until(() => shop.state?.phase === 'undone')
    expect(shop.state).toMatchObject({ phase: 'undone', decision: { cause: 'failed' } })
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
  })

  it('changes nothing when the same version is started again, under way or live', async () => {
    const { shop, isOver } = await begin()
    await world.until(() => world.router.weights.green === 95)
    const underWay = await shop.start({ ...order, version: 'v2' })
    expect(underWay.run).toBe(1)
    await world.until(isOver)
    const head = (await world.store.read(0)).length
    expect(await shop.start({ ...order, version: 'v2' })).toMatchObject({
      phase: 'succeeded',
      run: 1,
    })
    expect((await world.store.read(0)).length).toBe(head)
  })

  it('refuses another version while one is under way, and a service that nobody adopted', async () => {
    const { shop } = await world.join()
    await expect(shop.start({ ...order, version: 'v2' })).rejects.toMatchObject({
      code: 'no_traffic_record',
    })
    await shop.adopt(adoption)
    await shop.adopt(adoption)
    await expect(shop.adopt({ ...adoption, live: 'green', idle: 'blue' })).rejects.toMatchObject({
      code: 'already_adopted',
    })
    await shop.start({ ...order, version: 'v2' })
    await expect(shop.start({ ...order, version: 'v3' })).rejects.toMatchObject({
      code: 'procedure_differs',
    })
    await expect(shop.switchBack(ops)).resolves.toMatchObject({ phase: 'undoing' })
  })

  it('refuses to start while somebody moves the traffic by a rollout', async () => {
    const { shop } = await world.join()
    await shop.adopt(adoption)
    await shop.controller.start(order)
    await expect(shop.start({ ...order, version: 'v2' })).rejects.toMatchObject({
      code: 'rollout_exists',
    })
  })

  it('does not touch an arm that somebody gave traffic to', async () => {
    const { shop, replica, isOver } = await begin()
    await shop.switchBack(ops)
    await world.until(isOver)
    const key = 'exposure/production/shop'
    const changes = [{ key, value: { enabled: true, rollout: 10 } }]
    await replica.commit({ ...ops, action: 'set_rollout', changes })
    const calls = world.calls.length
    await shop.start({ ...order, version: 'v2' })
    await world.until(isOver)
    expect(shop.state).toMatchObject({ decision: { step: 'deploy' } })
    expect(world.calls.slice(calls).filter((call) => / green v/.test(call))).toEqual([])
  })

  it('counts what an arm serves under its role', async () => {
    const { shop, isOver } = await begin()
    expect([shop.roleOf('blue'), shop.roleOf('green'), shop.roleOf('red')]).toEqual([
      'stable',
      'canary',
      undefined,
    ])
    await world.until(isOver)
    expect(shop.roleOf('green')).toBe('stable')
  })
})
