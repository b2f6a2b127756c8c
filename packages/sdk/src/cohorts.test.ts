import { errorRate } from '@sluice/guards'
import { canary } from '@sluice/rollout'
import { createManualClock } from '@sluice/rollout/testing'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { createRolloutController, type Flags, openFlags } from './index.ts'

const order = { actor: 'ada', reason: 'new checkout' }
const plan = canary({ monitorMs: 600_000 })

const open: Flags[] = []
afterEach(async () => {
  for (const flags of open.splice(0)) await flags.close()
})

async function openShop() {
  const clock = createManualClock()
  const store = createMemoryStore()
  async function join() {
    const flags = openFlags({
      ...{ store, clock, environment: 'production' },
      definitions: { checkout: {}, byTenant: { bucketBy: 'tenant' } },
    })
    open.push(flags)
    await flags.ready()
    return flags
  }
  return { clock, join }
}

/** Each of a thousand users asks once; those that the first five percent will reach fail so often. */
function serve(flags: Flags, failing: (user: number) => boolean): void {
  for (let user = 0; user < 1000; user++) {
    try {
      flags.guarded('checkout', `user-${user}`, {
        on: () => undefined,
        off() {
          if (failing(user)) throw new Error('no')
        },
      })
    } catch {
      // Counted.
    }
  }
}

describe('cohorts', () => {
  it('are counted before anybody is on the canary, as the hash will place them', async () => {
    const { join } = await openShop()
    const flags = await join()
    flags.watchCohorts('checkout', [5, 25, 100])
    serve(flags, () => false)
    const { canary, stable } = await flags.cohort('checkout', 5).read()
    expect(canary.requests + stable.requests).toBe(1000)
    const reached = Array.from({ length: 1000 }, (_, user) => `user-${user}`)
    await flags.setRollout('checkout', 5, order)
    await flags.enable('checkout', order)
    expect(canary.requests).toBe(reached.filter((u) => flags.isEnabled('checkout', u)).length)
    expect(canary.requests).toBeGreaterThan(20)
  })

  it('are counted however the application tells of a request', async () => {
    const { join } = await openShop()
    const flags = await join()
    flags.watchCohorts('checkout', [5])
    const recorder = flags.health('checkout')
    recorder.observe({ arm: 'stable', ok: true, durationMs: 1, unit: 'user-1' })
    recorder.record('stable', true, 1, 'user-2')
    recorder.begin('stable', 'user-3').end(true)
    recorder.wrap(() => 1, { unit: () => 'user-4' })()
    const { canary, stable } = await flags.cohort('checkout', 5).read()
    expect(canary.requests + stable.requests).toBe(4)
  })

  it('are counted no more once somebody is on the canary', async () => {
    const { join } = await openShop()
    const flags = await join()
    flags.watchCohorts('checkout', [5])
    await flags.enable('checkout', order)
    serve(flags, () => false)
    await flags.setRollout('checkout', 1, order)
    serve(flags, () => false)
    const { canary, stable } = await flags.cohort('checkout', 5).read()
    expect(canary.requests + stable.requests).toBe(1000)
  })

  it('calibrate the guards of a rollout that starts then', async () => {
    const { join, clock } = await openShop()
    const flags = await join()
    const options = { flags, flag: 'checkout' as const, plan, clock, guards: [errorRate()] }
    const controller = createRolloutController({ ...options, calibrate: true })
    await expect(controller.start(order)).rejects.toMatchObject({ code: 'not_calibrated' })
    serve(flags, (user) => user % 10 === 0)
    const { canary } = await flags.cohort('checkout', 5).read()
    expect(canary.requests).toBeGreaterThan(0)
    const { calibration } = await controller.start(order)
    expect(calibration).toHaveLength(4)
    expect(calibration?.[3]).toBe(1)
    expect(calibration?.[2]).toBeGreaterThan(1)
    await controller.stop()
  })

  it('are the sum of all processes', async () => {
    const { join, clock } = await openShop()
    const [one, other] = [await join(), await join()]
    for (const flags of [one, other]) flags.watchCohorts('checkout', [5])
    serve(other, () => false)
    serve(one, () => false)
    await clock.advance(1_000)
    const { canary, stable } = await one.cohort('checkout', 5).read()
    expect(canary.requests + stable.requests).toBe(2000)
  })

  it('are the sum of processes that had served for long when they were first asked', async () => {
    const { join, clock } = await openShop()
    const [one, other] = [await join(), await join()]
    for (const flags of [one, other]) flags.watchCohorts('checkout', [5])
    await clock.advance(60_000)
    serve(other, () => false)
    serve(one, () => false)
    await clock.advance(60_000)
    for (const flags of [one, other]) {
      // As often as it is asked.
      for (let asked = 0; asked < 2; asked++) {
        const { canary, stable } = await flags.cohort('checkout', 5).read()
        expect(canary.requests + stable.requests).toBe(2000)
      }
    }
  })

  it('go on being counted where they are watched again, or were asked for before', async () => {
    const { join, clock } = await openShop()
    const flags = await join()
    const early = flags.cohort('checkout', 5)
    await early.read()
    const options = { flags, flag: 'checkout' as const, plan, clock, calibrate: true }
    createRolloutController(options)
    serve(flags, () => false)
    createRolloutController(options)
    serve(flags, () => false)
    const { canary, stable } = await flags.cohort('checkout', 5).read()
    expect(canary.requests + stable.requests).toBe(2000)
    expect(await early.read()).toMatchObject({ canary: { requests: canary.requests } })
  })

  it('are not watched for a plan that is refused', async () => {
    const { join, clock } = await openShop()
    const flags = await join()
    for (const bad of [{}, { ...plan, stages: [{ rolloutPercent: Number.NaN, monitorMs: 1 }] }]) {
      expect(() =>
        createRolloutController({
          ...{ flags, flag: 'checkout', clock, calibrate: true, plan: bad as never },
        }),
      ).toThrow(expect.objectContaining({ code: 'invalid_plan' }))
    }
    serve(flags, () => false)
    await clock.advance(2_000)
    expect((await flags.cohort('checkout', 5).read()).stable.requests).toBe(0)
  })

  it('of a flag that vanishes, and comes back, are counted while it is there', async () => {
    const { join } = await openShop()
    const flags: Flags = await join()
    const create = (value: object | null) =>
      flags.replica.commit({
        ...{ actor: 'ada', action: 'define', reason: 'a test', environment: 'production' },
        changes: [{ key: 'flag/late', value: value as never }],
      })
    await create({ enabled: false })
    flags.watchCohorts('late', [5])
    const recorder = flags.health('late')
    const ask = () => recorder.record('stable', true, 1, 'user-1')
    ask()
    await create(null)
    ask()
    await create({ enabled: false })
    ask()
    const { canary, stable } = await flags.cohort('late', 5).read()
    expect(canary.requests + stable.requests).toBe(2)
  })

  it('are refused where the flag places its subjects by something else', async () => {
    const { join } = await openShop()
    const flags = await join()
    expect(() => flags.watchCohorts('byTenant', [5])).toThrow(
      expect.objectContaining({ code: 'invalid_option' }),
    )
  })
})
