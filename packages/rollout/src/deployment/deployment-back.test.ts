import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

describe('a deployment that is not well', () => {
  it('goes back by itself when the monitor says so, and the timeline is measured', async () => {
    world.approve()
    const { deployment } = await world.join()
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(2 * minuteMs)
    world.fallIll()
    await world.clock.advance(minuteMs)
    expect(deployment.state).toMatchObject({
      phase: 'undone',
      decision: { cause: 'failed', step: 'monitor', because: 'monitor failed: 12 % errors' },
    })
    expect(world.calls.slice(-4)).toEqual(['undo switch', 'undo deploy', 'down', 'verify'])
    expect(deployment.rollback).toMatchObject({
      ...{ decisionMs: 0, executionMs: 0, verificationMs: 0, totalMs: 0, overruns: [] },
      limits: {
        decisionMs: 120_000,
        executionMs: 300_000,
        verificationMs: 180_000,
        totalMs: 600_000,
      },
    })
  })

  it('goes back by hand, with the time at which the trouble was seen', async () => {
    world.approve()
    const { deployment } = await world.deploy()
    const detectedAt = world.clock.now() - minuteMs
    await deployment.rollBack({ ...ops, detectedAt })
    await world.clock.advance(minuteMs)
    expect(deployment.rollback).toMatchObject({
      ...{ by: 'olga@example.com', because: 'customers complain' },
      ...{ decisionMs: minuteMs, executionMs: 0, totalMs: minuteMs, overruns: [] },
    })
  })

  it('tells each limit of the rollback that is not kept, once, while it lasts', async () => {
    world.approve()
    let finish = () => {}
    const undo = () =>
      new Promise<void>((resolve) => {
        finish = resolve
      })
    const hooks = { ...world.hooks, switch: { run: async () => undefined, undo } }
    const { deployment } = await world.deploy({
      hooks,
      limits: { switch: { undoTimeoutMs: 3_600_000 } },
    })
    const overruns: string[] = []
    deployment.on('overrun', ({ of, part, limitMs }) => overruns.push(`${of} ${part} ${limitMs}`))
    await deployment.rollBack({ ...ops, detectedAt: world.clock.now() - 3 * minuteMs })
    await world.clock.advance(6 * minuteMs)
    expect(overruns).toEqual(['rollback decision 120000', 'rollback execution 300000'])
    finish()
    await world.clock.advance(minuteMs)
    expect(deployment.rollback).toMatchObject({ overruns: ['decision', 'execution'] })
    expect(
      world.lines.filter(([level, , text]) => level === 'error' && text.includes('longer')),
    ).toHaveLength(2)
  })

  it('that cannot go back says loudly what is left', async () => {
    world.approve()
    world.broken.add('smoke starts').add('undo deploy')
    const { deployment } = await world.deploy()
    expect(deployment.state).toMatchObject({
      phase: 'failed',
      left: ['deploy', 'migrate', 'rollback_plan', 'announce_start'],
    })
    expect(world.calls).not.toContain('down')
  })
})
