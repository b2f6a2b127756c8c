import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeploymentWorld, minuteMs, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

describe('a hotfix', () => {
  const start = Date.UTC(2026, 0, 1)
  const hotfix = {
    fixStartedAt: start - 120 * minuteMs,
    fixedAt: start - 20 * minuteMs,
    testedAt: start - minuteMs,
  }

  it('has a clock over its phases, each beside its limit, and a post-mortem that is due', async () => {
    world.approve()
    const { deployment } = await world.deploy({ type: 'hotfix', hotfix })
    const { phases, overruns, postMortemDueAt } = deployment.hotfix!
    expect(
      phases.map(({ name, ms, limitMs }) => [name, Math.round(ms / minuteMs), limitMs / minuteMs]),
    ).toEqual([
      ['fix', 100, 120],
      ['testing', 19, 30],
      ['approval', 1, 15],
      ['deployment', 0, 10],
      ['total', 120, 180],
    ])
    expect(overruns).toEqual([])
    const ended = deployment.state as { endedAt: number }
    expect(postMortemDueAt).toBe(ended.endedAt + 24 * 60 * minuteMs)
  })

  it('tells each overrun once, while it lasts', async () => {
    const { deployment } = await world.join({ type: 'hotfix', hotfix })
    const overruns: string[] = []
    deployment.on('overrun', ({ of, part }) => overruns.push(`${of} ${part}`))
    deployment.run()
    await deployment.start(order)
    await world.clock.advance(13 * minuteMs)
    expect(overruns).toEqual([])
    await world.clock.advance(2 * minuteMs)
    expect(overruns).toEqual(['hotfix approval'])
    await world.clock.advance(60 * minuteMs)
    expect(overruns).toEqual(['hotfix approval', 'hotfix total'])
  })

  it('whose clock went back takes no negative time', async () => {
    world.approve()
    const ahead = { ...hotfix, fixedAt: hotfix.fixStartedAt - 5 }
    const { deployment } = await world.deploy({ type: 'hotfix', hotfix: ahead })
    expect(deployment.hotfix?.phases.every(({ ms }) => ms >= 0)).toBe(true)
  })

  it('is not what other types are', async () => {
    const { deployment } = await world.join()
    expect(deployment.hotfix).toBeUndefined()
  })
})
