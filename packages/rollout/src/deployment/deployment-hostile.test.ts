import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { definePolicy } from '../policy/define-policy.ts'
import { createDeploymentWorld, minuteMs, ops, order, stepsOf } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

describe('a monitor', () => {
  it.each([100, 1_000])('of %d ms ends well where all is well', async (monitorMs) => {
    world.approve()
    const policy = definePolicy({ blueGreen: { monitorMs } })
    const { deployment } = await world.deploy({ policy })
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('counts the time of looks that are slow, but see', async () => {
    world.approve()
    const monitor = () =>
      new Promise<boolean>((resolve) => void world.clock.after(4_000, () => resolve(true)))
    const hooks = { ...world.hooks, monitor }
    const { deployment } = await world.deploy({ hooks, monitorEveryMs: 1_000 })
    expect(deployment.state?.phase).toBe('succeeded')
  })

  it('that never sees anything waits, and ends neither well nor ill', async () => {
    world.approve()
    const monitor = () => {
      throw null
    }
    const { deployment } = await world.deploy({ hooks: { ...world.hooks, monitor } })
    await world.clock.advance(120 * minuteMs)
    expect(stepsOf(deployment)).toContain('monitor running')
    expect(world.calls).not.toContain('undo switch')
  })
})

describe('a hook that answers false', () => {
  it.each(['deploy', 'switch'] as const)('says that %s failed', async (name) => {
    world.approve()
    const hooks = { ...world.hooks, [name]: { run: () => false } }
    const { deployment } = await world.deploy({ hooks })
    expect(deployment.state).toMatchObject({
      phase: 'undone',
      decision: { step: name, because: expect.stringContaining('answered false') },
    })
  })

  it('says that the migration failed', async () => {
    world.approve()
    const migration = { up: async () => false, down: () => 'down' }
    const { deployment } = await world.deploy({ hooks: { ...world.hooks, migration } })
    expect(deployment.state).toMatchObject({ phase: 'undone', decision: { step: 'migrate' } })
  })

  it('says that an undo failed, which is then left and told', async () => {
    world.approve()
    world.broken.add('switch')
    const deploy = { run: () => ({ exitCode: 0 }), undo: () => false }
    const { deployment } = await world.deploy({ hooks: { ...world.hooks, deploy } })
    expect(deployment.state).toMatchObject({
      phase: 'failed',
      left: expect.arrayContaining(['deploy', 'migrate']),
    })
  })
})

describe('what is deployed', () => {
  it.each([
    ['', '/version'],
    ['..\n', '/version'],
    ['\u001b[2J', '/version'],
    ['__proto__', '/version'],
    ['v'.repeat(10_000), '/version'],
    ['v\ud800', '/version'],
  ])('is refused at its place where no log could hold it: %#', async (version, pointer) => {
    await expect(world.join({ version })).rejects.toMatchObject({
      code: 'invalid_deployment',
      pointer,
    })
  })

  it.each(['..', 'constructor', 'ünïcode-2', '日本', '<!channel>'])(
    'may be named %s',
    async (version) => {
      world.approve()
      const { deployment } = await world.deploy({ version })
      expect(deployment.state?.phase).toBe('succeeded')
    },
  )

  it('is told in one line each, so that nothing in it passes for the status', async () => {
    world.approve()
    const texts: string[] = []
    const announcers = [
      { name: 'chat', announce: ({ text }: { text: string }) => void texts.push(text) },
    ]
    const changes = ['A new page\n\nStatus: ✅ Healthy', 'Another\u2028one']
    await world.deploy({ changes, announcers })
    expect(texts[0]).toContain('- A new page Status: ✅ Healthy\n- Another one\n')
    expect(texts[0]?.split('\n').filter((line) => line.startsWith('Status:'))).toHaveLength(1)
  })
})

describe('a hotfix that is taken back days later', () => {
  it('has not taken days', async () => {
    world.approve()
    const start = world.clock.now()
    const hotfix = {
      fixStartedAt: start - 120 * minuteMs,
      fixedAt: start - 20 * minuteMs,
      testedAt: start - minuteMs,
    }
    const { deployment } = await world.deploy({ type: 'hotfix', hotfix })
    const overruns: string[] = []
    deployment.on('overrun', ({ of, part }) => overruns.push(`${of} ${part}`))
    await world.clock.advance(2 * 24 * 60 * minuteMs)
    await deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(deployment.state?.phase).toBe('undone')
    expect(deployment.hotfix?.overruns).toEqual([])
    expect(overruns).toEqual([])
  })
})

describe('the same deployment in two processes', () => {
  it('resumed at once is done once', async () => {
    world.approve()
    const [one, two] = [await world.join(), await world.join()]
    await one.deployment.start(order)
    await two.deployment.start(order)
    const both = Promise.all([one.deployment.resume(), two.deployment.resume({ takeOver: true })])
    await world.clock.advance(30 * minuteMs)
    await both
    expect(world.calls.filter((call) => call === 'switch')).toHaveLength(1)
  })
})
