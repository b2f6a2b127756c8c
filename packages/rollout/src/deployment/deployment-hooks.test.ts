import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

const changed = { code: 'procedure_changed', pointer: '/parts' }

describe('a process that lacks a hook', () => {
  it('does not take a deployment up: it would leave the steps out and call that a success', async () => {
    world.approve()
    const first = await world.join()
    const bare = await world.join({ hooks: {} })
    await first.deployment.start(order)
    await expect(bare.deployment.resume({ takeOver: true })).rejects.toMatchObject({
      ...changed,
      message: expect.stringMatching(/production\/v1.2.3 .* deploy.run, .*which this process does/),
    })
    first.deployment.run()
    await world.clock.advance(15 * minuteMs)
    expect(first.deployment.state?.phase).toBe('succeeded')
    expect(world.calls).toContain('deploy')
  })

  it.each([
    ['deploy.undo', { deploy: { run: () => {} } }],
    ['smokeTests.starts', { smokeTests: {} }],
    ['monitor', { monitor: undefined }],
    ['verifyRollback', { verifyRollback: undefined }],
    ['backup.restore', { backup: { create: () => 1 } }],
  ])('such as %s says so', async (name, without) => {
    const first = await world.join()
    await first.deployment.start(order)
    const hooks = { ...world.hooks, ...without } as never
    const { deployment } = await world.join({ hooks })
    await expect(deployment.resume({ takeOver: true })).rejects.toMatchObject({
      ...changed,
      found: 'nothing',
      expected: expect.stringContaining(name),
    })
  })

  it('or anybody to ask, leaves one that waits for approval to those who can', async () => {
    const { deployment } = await world.deploy()
    const bare = await world.join({ approvals: undefined as never })
    const before = await world.store.read(0)
    await expect(bare.deployment.resume()).rejects.toMatchObject({
      ...changed,
      expected: 'approvals',
    })
    expect(await world.store.read(0)).toEqual(before)
    world.approve()
    await world.clock.advance(15 * minuteMs)
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('sends nothing back that it could not undo, and writes nothing', async () => {
    world.approve()
    await world.deploy()
    const bare = await world.join({ hooks: {} })
    const before = await world.store.read(0)
    await expect(bare.deployment.rollBack(ops)).rejects.toMatchObject({ code: 'procedure_changed' })
    expect(await world.store.read(0)).toEqual(before)
  })

  it('may say that it is to go back, which whoever works on it hears', async () => {
    world.approve()
    const first = await world.join()
    const bare = await world.join({ hooks: {} })
    first.deployment.run()
    await first.deployment.start(order)
    await world.clock.advance(2 * minuteMs)
    await bare.deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(first.deployment.state?.phase).toBe('undone')
    expect(world.calls).toContain('undo deploy')
  })
})

describe('a process that has a hook more', () => {
  it('takes a deployment up', async () => {
    world.approve()
    const { verifyRollback: _, ...hooks } = world.hooks
    const first = await world.join({ hooks })
    await first.deployment.start(order)
    const { deployment } = await world.join()
    const over = deployment.resume({ takeOver: true })
    await world.clock.advance(15 * minuteMs)
    expect((await over).phase).toBe('succeeded')
  })
})
