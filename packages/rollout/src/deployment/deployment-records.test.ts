import { Writable } from 'node:stream'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDeploymentWorld } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

describe('the deployment event', () => {
  const eventsOf = () =>
    world.lines.filter(([, object]) => (object as { event?: string }).event === 'deployment')

  it('has exactly the fields of the policy, at info where it succeeded', async () => {
    world.approve()
    await world.deploy()
    const [found] = eventsOf()
    expect(eventsOf()).toHaveLength(1)
    expect(found?.[0]).toBe('info')
    expect(JSON.stringify(found?.[1])).toBe(
      '{"event":"deployment","version":"v1.2.3","environment":"production","deployed_by":"ann@example.com","deployed_at":"2026-01-01T00:00:00Z","status":"success","duration_seconds":600,"rollback":false}',
    )
  })

  it('of one that went back is a warning, and its failure an error', async () => {
    world.approve()
    world.broken.add('deploy')
    await world.deploy()
    expect(eventsOf().map(([level, object]) => [level, object])).toEqual([
      ['warn', expect.objectContaining({ status: 'rollback', rollback: true })],
    ])
    const errors = world.lines.filter(([level]) => level === 'error').map(([, , text]) => text)
    expect(errors).toEqual(['production/v1.2.3: deploy failed: deploy is broken'])
  })

  it('of one that failed without going back is an error', async () => {
    world.approve()
    world.broken.add('deploy').add('undo deploy')
    await world.deploy()
    expect(eventsOf()).toContainEqual([
      'error',
      expect.objectContaining({ status: 'failure', rollback: false }),
      expect.any(String),
    ])
  })

  it('comes beside a line for each step at debug, and a warning for each further try', async () => {
    world.approve()
    world.broken.add('switch')
    await world.deploy({ limits: { switch: { retries: 1 } } })
    const debug = world.lines.filter(([level]) => level === 'debug').map(([, , text]) => text)
    expect(debug).toContain('production/v1.2.3: deploy begins')
    expect(debug).toContain('production/v1.2.3: deploy is done')
    const warnings = world.lines.filter(([level]) => level === 'warn').map(([, , text]) => text)
    expect(warnings).toContain(
      'production/v1.2.3: switch failed: switch is broken; it is tried again',
    )
  })
})

describe('a logger', () => {
  it('may be pino', async () => {
    const lines: Record<string, unknown>[] = []
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(JSON.parse(String(chunk)))
        done()
      },
    })
    world.approve()
    await world.deploy({ logger: pino({ level: 'debug' }, stream) })
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 30, event: 'deployment', status: 'success' }),
    )
    expect(lines.filter(({ level }) => level === 20).length).toBeGreaterThan(10)
  })

  it('may be console', async () => {
    const info = vi.spyOn(console, 'info').mockImplementation(() => {})
    const debug = vi.spyOn(console, 'debug').mockImplementation(() => {})
    world.approve()
    await world.deploy({ logger: console })
    expect(info).toHaveBeenCalledWith(
      expect.objectContaining({ event: 'deployment', status: 'success' }),
      expect.any(String),
    )
    expect(debug).toHaveBeenCalled()
    info.mockRestore()
    debug.mockRestore()
  })

  it('that throws, or rejects, changes nothing', async () => {
    const fail = () => {
      throw new Error('no disk')
    }
    const reject = () => Promise.reject(new Error('no disk'))
    world.approve()
    const logger = { debug: fail, info: reject, warn: fail, error: fail }
    const { deployment } = await world.deploy({ logger: logger as never })
    expect(deployment.state?.phase).toBe('succeeded')
  })
})
