import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Announcement } from './announcement.ts'
import { logAnnouncer, textAnnouncer, webhookAnnouncer } from './announcers.ts'
import { createDeploymentWorld, minuteMs, ops } from './deployment-world.fixture.ts'

let world: ReturnType<typeof createDeploymentWorld>
beforeEach(() => {
  world = createDeploymentWorld()
})
afterEach(() => world.close())

const never = new AbortController().signal

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
