import { createReplica } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
  world.approve()
})
afterEach(() => world.close())

const yearMs = 365 * 24 * 60 * minuteMs

/** A clock whose timers are true, and whose time jumps or stands still. */
function createWrongClock() {
  const truth = world.clock
  let frozenAt: number | undefined
  let offsetMs = 0
  return {
    now: () => frozenAt ?? truth.now() + offsetMs,
    after: truth.after,
    jump(ms: number) {
      offsetMs += ms
    },
    freeze() {
      frozenAt = truth.now()
    },
  }
}

/** A deployment whose process, log included, has that clock. */
async function begin(clock: ReturnType<typeof createWrongClock>) {
  const replica = createReplica({ store: world.store, clock, pollMs: 600_000 })
  await replica.start()
  await replica.ready()
  const { deployment } = await world.join({ replica, clock })
  deployment.run()
  await deployment.start(order)
  return { deployment, close: () => replica.close() }
}

const once = ['backup', 'up', 'deploy', 'switch']
const outside = () => world.calls.filter((call) => !call.startsWith('smoke'))

describe('a whole deployment under a clock', () => {
  it.each([10, -10])(
    'that jumps %d years, and back, every two minutes does each step once',
    async (years) => {
      const clock = createWrongClock()
      const { deployment, close } = await begin(clock)
      for (let jumps = 0; jumps < 12; jumps += 1) {
        await world.clock.advance(2 * minuteMs)
        clock.jump(jumps % 2 === 0 ? years * yearMs : -years * yearMs)
      }
      expect(deployment.state?.phase).toBe('succeeded')
      expect(outside()).toEqual(once)
      await deployment.rollBack(ops)
      clock.jump(years * yearMs)
      await world.clock.advance(minuteMs)
      expect(deployment.state?.phase).toBe('undone')
      expect(outside()).toEqual([...once, 'undo switch', 'undo deploy', 'down', 'verify'])
      await close()
    },
  )

  it('that stands still does each step once, and takes nothing for observed', async () => {
    const clock = createWrongClock()
    clock.freeze()
    const { deployment, close } = await begin(clock)
    await world.clock.advance(30 * minuteMs)
    // Ten minutes of good health were not seen: it waits, and holds.
    expect(outside()).toEqual(once)
    expect(deployment.state?.steps.find(({ name }) => name === 'monitor')?.phase).toBe('running')
    world.fallIll()
    await world.clock.advance(minuteMs)
    expect(deployment.state?.phase).toBe('undone')
    expect(outside()).toEqual([...once, 'undo switch', 'undo deploy', 'down', 'verify'])
    await close()
  })
})
