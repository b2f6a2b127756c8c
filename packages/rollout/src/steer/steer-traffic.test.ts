import type { Split } from '@sluice/core'
import { describe, expect, it } from 'vitest'
import { steerTraffic } from './steer-traffic.ts'
import { createFakeRouter, createSteerWorld } from './steer-world.fixture.ts'

const at = (canary: number) => ({ stable: 100 - canary, canary })
const raised = (splits: readonly Split[]) => splits.filter(({ canary = 0 }) => canary > 0)

describe('a router that follows the log', () => {
  it('gets what the log says at the start, and each change at once', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 5 })
    const { steering, told } = world.steer()
    await world.clock.advance(0)
    expect(world.router.weights).toEqual(at(5))
    await world.expose({ enabled: true, rollout: 25 })
    expect(world.router.weights).toEqual(at(25))
    expect(steering.inForce).toEqual(at(25))
    await world.expose({ enabled: true, rollout: 0 })
    expect(world.router.weights).toEqual(at(0))
    expect(told).toEqual([at(5), at(25), at(0)].map((split) => `applied ${JSON.stringify(split)}`))
  })

  it('gets a change of another process with the next poll', async () => {
    const world = await createSteerWorld()
    world.steer()
    await world.expose({ enabled: true, rollout: 25 }, 'elsewhere')
    await world.clock.advance(1_500)
    expect(world.router.weights).toEqual(at(25))
  })

  it('gives nothing to the canary of a flag that is off, or that nobody exposed', async () => {
    const world = await createSteerWorld()
    world.router.reset(at(50))
    world.steer()
    await world.clock.advance(0)
    expect(world.router.weights).toEqual(at(0))
    await world.expose({ enabled: true, rollout: 50 })
    await world.expose({ enabled: false, rollout: 50 })
    expect(world.router.weights).toEqual(at(0))
  })

  it('follows the arms of a service through a change of sides, without a change of traffic', async () => {
    const world = await createSteerWorld()
    const record = (live: string, idle: string) => ({
      key: 'traffic/production/shop',
      value: { schema: 1, live, idle, versions: { [live]: 'v1', [idle]: 'v2' } },
    })
    const share = (rollout: number) => ({
      key: 'exposure/production/shop',
      value: { enabled: true, rollout },
    })
    const { steering } = world.steer({ service: 'shop', flag: undefined, arms: undefined } as never)
    await world.clock.advance(0)
    expect(steering.wanted).toBeUndefined()
    expect(world.router.asked).toEqual([])
    await world.write([record('blue', 'green'), share(0)])
    await world.write([share(100)])
    await world.write([record('green', 'blue'), share(0)])
    expect(world.router.applied).toEqual([
      { blue: 100, green: 0 },
      { blue: 0, green: 100 },
    ])
  })

  it('asks for nothing while the log is not known', async () => {
    const world = await createSteerWorld()
    const unknown = {
      ...world.replica,
      head: { revision: 0, hash: '' },
      status: 'defaults' as const,
    }
    const { steering } = world.steer({ replica: unknown })
    await world.clock.advance(60_000)
    expect(steering.wanted).toBeUndefined()
    expect(world.router.asked).toEqual([])
  })

  it('stays where it is when the log says what is no share, and says so once', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 25 })
    const { told } = world.steer()
    await world.clock.advance(0)
    await world.expose({ enabled: true, rollout: 150 })
    await world.clock.advance(60_000)
    expect(world.router.weights).toEqual(at(25))
    expect(told.filter((line) => line.startsWith('error'))).toEqual([
      'error exposure/production/shop asks for 150 percent, which is no share; the traffic stays as it is.',
    ])
  })

  it('gives a catching-up router only the last of several commits', async () => {
    const world = await createSteerWorld()
    world.steer()
    await world.clock.advance(0)
    for (const rollout of [5, 25, 50, 0])
      await world.expose({ enabled: true, rollout }, 'elsewhere')
    await world.clock.advance(2_000)
    expect(raised(world.router.asked)).toEqual([])
  })
})

describe('a router that lost its weights', () => {
  it('is found out by the next comparison, and set again', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 25 })
    const { told } = world.steer()
    await world.clock.advance(0)
    world.router.reset(at(0))
    await world.clock.advance(5_000)
    expect(world.router.weights).toEqual(at(25))
    expect(told).toContain(`drift ${JSON.stringify(at(0))}`)
  })

  it('may have whole numbers near the share, but none where none is wanted', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 5 })
    world.steer()
    await world.clock.advance(0)
    world.router.reset(at(5.08))
    await world.clock.advance(20_000)
    expect(world.router.weights).toEqual(at(5.08))
    await world.expose({ enabled: true, rollout: 0 })
    world.router.reset(at(0.39))
    await world.clock.advance(5_000)
    expect(world.router.weights).toEqual(at(0))
  })

  it('is not raised from memory while the store is away, for another process may have gone back', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 25 })
    world.steer()
    await world.clock.advance(0)
    world.setStore('away')
    await world.clock.advance(2_000)
    // Another process, which reaches the store, went back and steered.
    await world.expose({ enabled: true, rollout: 0 }, 'elsewhere')
    world.router.reset(at(0))
    await world.clock.advance(600_000)
    expect(world.router.weights).toEqual(at(0))
    world.setStore('back')
    await world.clock.advance(60_000)
    expect(world.router.weights).toEqual(at(0))
    expect(raised(world.router.asked)).toEqual([at(25)])
  })

  it('is not raised by a process that does not know yet that another has gone back', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 25 })
    world.steer({ everyMs: 100 })
    await world.clock.advance(0)
    await world.expose({ enabled: true, rollout: 0 }, 'elsewhere')
    world.router.reset(at(0))
    await world.clock.advance(100)
    expect(world.router.weights).toEqual(at(0))
    expect(raised(world.router.asked)).toEqual([at(25)])
  })

  it('is not raised by another try of what was news once, while the store is away', async () => {
    const world = await createSteerWorld()
    world.steer()
    await world.clock.advance(0)
    world.router.fail(new Error('no route'))
    await world.expose({ enabled: true, rollout: 25 })
    world.setStore('away')
    await world.expose({ enabled: true, rollout: 0 }, 'elsewhere')
    world.router.fail(undefined)
    await world.clock.advance(60_000)
    expect(world.router.weights).toEqual(at(0))
  })

  it('is lowered from memory while the store is away', async () => {
    const world = await createSteerWorld()
    await world.expose({ enabled: true, rollout: 0 })
    world.steer()
    await world.clock.advance(0)
    world.setStore('away')
    world.router.reset(at(50))
    await world.clock.advance(5_000)
    expect(world.router.weights).toEqual(at(0))
  })

  it('keeps the sides of a service while the store is away, for they may have changed', async () => {
    const world = await createSteerWorld()
    const value = { schema: 1, live: 'blue', idle: 'green', versions: {} }
    await world.write([{ key: 'traffic/production/shop', value }])
    world.steer({ service: 'shop', flag: undefined, arms: undefined } as never)
    await world.clock.advance(0)
    world.setStore('away')
    world.router.reset({ blue: 0, green: 100 })
    await world.clock.advance(600_000)
    expect(world.router.weights).toEqual({ blue: 0, green: 100 })
  })
})

describe('settled', () => {
  it('resolves when the router says that it has what the log says', async () => {
    const world = await createSteerWorld()
    const { steering } = world.steer()
    await world.clock.advance(0)
    await world.expose({ enabled: true, rollout: 25 })
    world.router.reset(at(0))
    let isSettled = false
    const settled = steering.settled().then(() => {
      isSettled = true
    })
    expect(isSettled).toBe(false)
    await world.clock.advance(0)
    await settled
    expect(world.router.weights).toEqual(at(25))
  })

  it('rejects when the time is over, and when the steering is closed', async () => {
    const world = await createSteerWorld()
    const { steering } = world.steer()
    await world.clock.advance(0)
    world.router.fail(new Error('no route'))
    await world.expose({ enabled: true, rollout: 25 })
    const late = expect(steering.settled({ timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'not_settled',
    })
    await world.clock.advance(3_000)
    await late
    const closed = expect(steering.settled()).rejects.toMatchObject({ code: 'steering_closed' })
    await steering.close()
    await closed
  })

  it('needs no reading of a router that cannot be read', async () => {
    const world = await createSteerWorld()
    const { name, apply } = createFakeRouter()
    const { steering } = world.steer({ router: { name, apply } })
    const settled = steering.settled()
    await world.clock.advance(0)
    await settled
  })
})

describe('a steering that is closed', () => {
  it('leaves the router as it is, and no timer behind', async () => {
    const world = await createSteerWorld()
    const { steering } = world.steer()
    await world.clock.advance(0)
    world.router.fail(new Error('no route'))
    await world.expose({ enabled: true, rollout: 25 })
    await steering.close()
    await world.replica.close()
    expect(world.clock.pendingTimers).toBe(0)
    await world.clock.advance(60_000)
    expect(world.router.weights).toEqual(at(0))
  })
})

it('steering refuses times that are none', async () => {
  const { replica, router } = await createSteerWorld()
  const options = { replica, router, environment: 'production', service: 'shop' }
  for (const name of ['everyMs', 'timeoutMs', 'overtakeMs']) {
    expect(() => steerTraffic({ ...options, [name]: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_option', pointer: `/${name}` }),
    )
  }
})
