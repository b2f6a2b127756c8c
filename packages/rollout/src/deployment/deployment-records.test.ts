import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Announcement } from './announcement.ts'
import { logAnnouncer, textAnnouncer, webhookAnnouncer } from './announcers.ts'
import { createDeploymentWorld, minuteMs, ops, order } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

const never = new AbortController().signal

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

describe('announcements', () => {
  it("are in the policy's form", async () => {
    const texts: string[] = []
    world.approve()
    await world.deploy({
      announcers: [textAnnouncer((text) => void texts.push(text))],
      monitoringUrl: 'https://monitoring.example.com',
    })
    expect(texts).toHaveLength(2)
    expect(texts[1]).toBe(
      [
        '📢 Deployment Announcement',
        '',
        'Environment: Production',
        'Version: v1.2.3',
        'Deployed By: ann@example.com',
        'Deployed At: 2026-01-01 00:00 UTC',
        '',
        'Changes:',
        '- Added user profile feature',
        '- Fixed password reset bug',
        '',
        'Rollback Plan: https://wiki.example.com/rollback',
        'Monitoring: https://monitoring.example.com',
        '',
        'Status: ✅ Healthy',
      ].join('\n'),
    )
  })

  it('tell the start, and when it goes back why', async () => {
    const told: Announcement[] = []
    world.approve()
    const { deployment } = await world.deploy({
      announcers: [{ name: 'chat', announce: (one) => void told.push(one) }],
    })
    await deployment.rollBack(ops)
    await world.clock.advance(minuteMs)
    expect(told.map(({ status }) => status)).toEqual(['started', 'healthy', 'rolled_back'])
    expect(told[2]?.text).toContain('Status: ⏪ Rolled back (customers complain)')
  })

  it('tell a failure that was not undone', async () => {
    const told: string[] = []
    world.approve()
    world.broken.add('deploy').add('undo deploy')
    await world.deploy({
      announcers: [{ name: 'chat', announce: ({ status }) => void told.push(status) }],
    })
    expect(told).toEqual(['started', 'failed'])
  })

  it('that cannot be delivered, or hang, stop no deployment and are told', async () => {
    let tries = 0
    world.approve()
    const { deployment } = await world.deploy({
      announcers: [
        {
          name: 'chat',
          async announce() {
            tries += 1
            throw new Error('503')
          },
        },
        { name: 'page', announce: () => new Promise(() => {}) },
      ],
    })
    expect(deployment.state?.phase).toBe('succeeded')
    // Three tries each for the start and for the success.
    expect(tries).toBe(6)
    expect(world.lines.map(([, , text]) => text)).toContain('chat was not told: 503')
  })

  it('go into a log at the level of their status', () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
    const base = { version: 'v1', environment: 'production', deployedBy: 'ann', deployedAt: 0 }
    for (const status of ['started', 'healthy', 'failed', 'rolled_back'] as const) {
      const one: Announcement = { ...base, status, changes: [], text: status }
      void logAnnouncer(logger).announce(one, { signal: never, idempotencyKey: 'k' })
    }
    expect([logger.info, logger.warn, logger.error].map(({ mock }) => mock.calls.length)).toEqual([
      2, 1, 1,
    ])
  })
})

describe('a webhook', () => {
  let server: Server
  let status = 200
  const received: { headers: Record<string, unknown>; body: { text: string } }[] = []
  beforeEach(async () => {
    received.length = 0
    status = 200
    server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      received.push({ headers: request.headers, body: JSON.parse(body) })
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  })

  const one: Announcement = {
    ...{ status: 'healthy', version: 'v1', environment: 'production', deployedBy: 'ann' },
    ...{ deployedAt: 0, changes: ['<!channel>'], text: '- <!channel>' },
  }
  const send = (format?: 'slack' | 'json') => {
    const { port } = server.address() as AddressInfo
    const announcer = webhookAnnouncer({
      ...{ url: `http://127.0.0.1:${port}/hush`, name: 'chat' },
      ...(format === undefined ? {} : { format }),
    })
    return announcer.announce(one, { signal: never, idempotencyKey: 'k1' })
  }

  it('is sent the text once, with its key, and mentions nobody', async () => {
    await send()
    expect(received).toHaveLength(1)
    expect(received[0]?.headers['idempotency-key']).toBe('k1')
    expect(received[0]?.body).toEqual({ text: '- &lt;!channel&gt;' })
  })

  it('is sent all of it as JSON where it wants that', async () => {
    await send('json')
    expect(received[0]?.body).toEqual({ schema: 1, ...one })
  })

  it.each([500, 302])(
    'that answers %i has not taken it; the error does not name the address',
    async (code) => {
      status = code
      const error = await Promise.resolve(send()).then(
        () => undefined,
        (thrown: Error) => thrown,
      )
      expect(error).toMatchObject({ code: 'webhook_failed' })
      expect(error?.message).not.toContain('hush')
    },
  )

  it('is refused where its address is none', () => {
    expect(() => webhookAnnouncer({ url: 'ftp://hush' })).toThrow(
      expect.objectContaining({
        code: 'invalid_url',
        message: expect.not.stringContaining('hush'),
      }),
    )
  })
})

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
