import { createReplica, type Store } from '@sluice/stores'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
  world.approve()
})
afterEach(() => world.close())

/** A deployment over a store that is away from the beginning of one hook to well after its end. */
async function deployWithOutage(during: 'deploy' | 'undo deploy') {
  let isAway = false
  const gone = () => Promise.reject(new Error('the store is away'))
  const store: Store = {
    ...world.store,
    read: (after, limit) => (isAway ? gone() : world.store.read(after, limit)),
    append: (commit) => (isAway ? gone() : world.store.append(commit)),
  }
  const replica = createReplica({ store, clock: world.clock, pollMs: 1_000 })
  await replica.start()
  await replica.ready()
  const work = (name: string) => async () => {
    world.calls.push(name)
    if (name === during) isAway = true
    await new Promise<void>((wake) => void world.clock.after(20_000, wake))
  }
  const deploy = { run: work('deploy'), undo: work('undo deploy') }
  const { deployment } = await world.join({ replica, hooks: { ...world.hooks, deploy } })
  deployment.run()
  await deployment.start(order)
  return {
    deployment,
    comeBack() {
      isAway = false
    },
    close: () => replica.close(),
  }
}

const count = (name: string) => world.calls.filter((call) => call === name).length

describe('a store that is away for the length of a step', () => {
  it('makes it wait for its end to be written: it is not done again, and nothing after it is', async () => {
    const { deployment, comeBack, close } = await deployWithOutage('deploy')
    await world.clock.advance(5 * minuteMs)
    expect(world.calls.at(-1)).toBe('deploy')
    comeBack()
    await world.clock.advance(15 * minuteMs)
    expect(deployment.state?.phase).toBe('succeeded')
    expect(['deploy', 'switch'].map(count)).toEqual([1, 1])
    await close()
  })

  it('makes the way back wait, and nothing is undone twice', async () => {
    const { deployment, comeBack, close } = await deployWithOutage('undo deploy')
    await world.clock.advance(2 * minuteMs)
    await deployment.rollBack(ops)
    await world.clock.advance(5 * minuteMs)
    expect(world.calls.at(-1)).toBe('undo deploy')
    comeBack()
    await world.clock.advance(5 * minuteMs)
    expect(deployment.state?.phase).toBe('undone')
    expect(['undo switch', 'undo deploy', 'down'].map(count)).toEqual([1, 1, 1])
    await close()
  })
})
