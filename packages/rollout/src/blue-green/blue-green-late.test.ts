import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isProcedureOver } from '../procedure/state.ts'
import { createVerdict, scriptedJudge } from '../testing.ts'
import { createBlueGreenWorld, ops, order } from './blue-green-world.fixture.ts'

let world: ReturnType<typeof createBlueGreenWorld>
beforeEach(() => {
  world = createBlueGreenWorld()
})
afterEach(() => world.close())

const adoption = { ...order, live: 'blue', idle: 'green', version: 'v1' }
const v2 = { ...order, version: 'v2' }

async function begin(more: Parameters<typeof world.join>[1] = {}) {
  const process = await world.join(Number.POSITIVE_INFINITY, more)
  await process.shop.adopt(adoption)
  process.shop.run()
  const isOver = () => process.shop.state !== undefined && isProcedureOver(process.shop.state)
  return { ...process, isOver }
}

describe('a step that was given up', () => {
  it('deploys nothing any more, whenever the router answers it', async () => {
    // It answers its first question when the deployment has long gone back.
    let answer = () => {}
    let questions = 0
    const router = {
      name: 'slow',
      apply: world.router.apply,
      async read() {
        questions += 1
        if (questions > 1) return world.router.weights
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        return world.router.weights
      },
    }
    const { shop, isOver } = await begin({ router, steerEveryMs: 3_600_000 })
    await shop.start(v2)
    await world.clock.advance(1_000)
    await shop.switchBack(ops)
    await world.clock.advance(7_000)
    answer()
    await world.until(isOver)
    await world.clock.advance(60_000)
    expect(world.calls.filter((call) => call.startsWith('deploy'))).toEqual([])
  })

  it('takes no arm down any more, while users are still on it', async () => {
    // They stay for longer than the step back may take once.
    let isBusy = true
    const judge = scriptedJudge(() => ({
      verdicts: [createVerdict('fail')],
      canaryRequests: isBusy ? 10 : 0,
    }))
    const { shop, isOver } = await begin({ judge, hookTimeoutMs: 3_000 })
    await shop.start(v2)
    await world.until(() => shop.controller.state?.phase === 'verifying')
    await world.clock.advance(8_000)
    expect(world.calls.filter((call) => call.startsWith('decommission'))).toEqual([])
    isBusy = false
    await world.until(isOver)
    expect(world.calls.filter((call) => call.startsWith('decommission'))).toHaveLength(1)
  })
})

describe('an arm that runs nothing', () => {
  it('gets no traffic from a process that was away, and begins the switch when all has gone back', async () => {
    const first = await world.join()
    await first.shop.adopt(adoption)
    first.shop.run()
    await first.shop.start(v2)
    await world.until(() => world.calls.includes('warm green v2'))
    await first.shop.switchBack(ops)
    await world.until(() => first.shop.state?.phase === 'undone')
    await first.shop.controller.start(order)
    await world.clock.advance(10_000)
    expect(first.shop.record?.versions).toEqual({ blue: 'v1' })
    expect(world.router.weights).toEqual({ blue: 100, green: 0 })
    expect(world.calls.filter((call) => call.includes('RUNS NOTHING'))).toEqual([])
  })

  it('is left by the rollout that such a process begins, so that the next version can start', async () => {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const store = {
      ...world.store,
      async append(commit: Parameters<typeof world.store.append>[0]) {
        if (commit.action === 'start_rollout') await held
        return world.store.append(commit)
      },
    }
    const replica = createReplica({ store, clock: world.clock, snapshotEvery: 0 })
    await replica.start()
    const away = await world.join(undefined, { replica })
    await away.shop.adopt(adoption)
    away.shop.run()
    await away.shop.start(v2)
    await world.until(() => away.shop.state?.steps[3]?.phase === 'running')
    const { shop } = await world.join()
    shop.run()
    await shop.switchBack(ops)
    await world.until(() => shop.state?.phase === 'undone')
    letGo()
    await world.until(() => shop.controller.state?.phase === 'rolled_back')
    expect(shop.controller.state).toMatchObject({
      rollback: { because: expect.stringContaining('had gone back before') },
    })
    expect(world.calls.filter((call) => call.includes('RUNS NOTHING'))).toEqual([])
    await shop.start({ ...order, version: 'v3' })
    await world.until(() => shop.state?.phase === 'succeeded')
    expect(shop.record).toMatchObject({ live: 'green' })
  })

  it('is without a name before it is taken down, so that nothing is sent there meanwhile', async () => {
    const seen: unknown[] = []
    const { shop, isOver } = await begin({
      hooks: {
        deploy: async () => {},
        smokeTest: () => Promise.reject(new Error('no')),
        decommission: async () => void seen.push(shop.record?.versions),
      },
    })
    await shop.start(v2)
    await world.until(isOver)
    expect(seen).toEqual([{ blue: 'v1' }])
  })
})

describe('behind the point of no return', () => {
  it('a router that is gone sends nothing back: the old arm is left, and that is said', async () => {
    let isGone = false
    const router = {
      name: 'gone',
      apply: (weights: Parameters<typeof world.router.apply>[0]) => world.router.apply(weights),
      read: async () => {
        if (isGone) throw new Error('the router is gone')
        return world.router.weights
      },
    }
    const { shop, isOver } = await begin({ router })
    shop.on('event', ({ name, step }) => {
      if (name === 'step_done' && step === 'change_sides') isGone = true
    })
    await shop.start(v2)
    await world.until(isOver)
    expect(shop.state?.phase).toBe('succeeded')
    expect(shop.state?.steps.at(-1)).toMatchObject({
      result: { left: expect.stringContaining('does not have what the log says') },
    })
    expect(shop.record).toMatchObject({ live: 'green', versions: { blue: 'v1', green: 'v2' } })
  })

  it.each([
    [
      'throws at once',
      () => {
        throw new Error('no')
      },
      { left: 'no' },
    ],
    ['says no', async () => false, { left: expect.stringContaining('decommission') }],
  ])('a hook that %s leaves the old arm', async (_, decommission, result) => {
    const { shop, isOver } = await begin({
      hooks: { deploy: async () => {}, decommission } as never,
    })
    await shop.start(v2)
    await world.until(isOver)
    expect(shop.state?.phase).toBe('succeeded')
    expect(shop.state?.steps.at(-1)).toMatchObject({ result })
  })
})
