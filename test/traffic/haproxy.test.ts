import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { haproxyRouter } from '../../packages/rollout/src/haproxy.ts'
import {
  type HaproxyService,
  type HaproxySettings,
  haproxy,
  startHaproxy,
} from '../services/haproxy.ts'
import { freePort } from '../services/process.ts'
import { describeWith } from '../services/service.ts'

const servers = { stable: ['s1', 's2'], canary: ['c1'] }

describeWith(haproxy, 'the router of a real HAProxy', () => {
  let origins: Origins
  let proxy: HaproxyService

  beforeAll(async () => {
    origins = await openOrigins(['s1', 's2', 'c1'])
    proxy = await start()
  })
  afterAll(async () => {
    await proxy.stop()
    await origins.close()
  })

  function start(settings?: HaproxySettings): Promise<HaproxyService> {
    return startHaproxy(
      [
        { name: 's1', port: origins.ports.s1 as number, settings: 'cookie s1' },
        { name: 's2', port: origins.ports.s2 as number, settings: 'cookie s2' },
        { name: 'c1', port: origins.ports.c1 as number, settings: 'cookie c1', weight: 0 },
      ],
      settings,
    )
  }

  const open = (more: object = {}) =>
    haproxyRouter({ socket: proxy.socket, backend: 'web', servers, ...more })

  it.each([
    { stable: 95, canary: 5 },
    { stable: 75, canary: 25 },
    { stable: 50, canary: 50 },
    { stable: 0, canary: 100 },
    { stable: 100, canary: 0 },
  ])('serves $canary percent of the requests from the canary', async (weights) => {
    const router = open()
    await router.apply(weights)
    const served = await origins.count(() => ask(proxy, 512))
    // Round robin deals out exactly; whole weights differ from the share by at most half a percent.
    expect(Math.abs((100 * (served.c1 ?? 0)) / 512 - weights.canary)).toBeLessThanOrEqual(0.5)
    const read = await router.read?.()
    expect(Math.abs((read?.canary ?? -1) - weights.canary)).toBeLessThanOrEqual(0.2)
    expect((read?.stable ?? 0) + (read?.canary ?? 0)).toBeCloseTo(100)
  })

  it('speaks over TCP as over a socket', async () => {
    const tcp = { host: '127.0.0.1', port: proxy.api.admin }
    const router = haproxyRouter({ tcp, backend: 'web', servers })
    await router.apply({ stable: 50, canary: 50 })
    expect(await open().read?.()).toEqual({ stable: 50, canary: 50 })
  })

  it('says that the socket must be of level admin, and changes nothing', async () => {
    await open().apply({ stable: 75, canary: 25 })
    const tcp = { host: '127.0.0.1', port: proxy.api.user }
    const router = haproxyRouter({ tcp, backend: 'web', servers })
    await expect(router.apply({ stable: 50, canary: 50 })).rejects.toMatchObject({
      code: 'haproxy_refused',
      message: expect.stringContaining('Permission denied The stats socket must be "level admin".'),
    })
    expect(await router.read?.()).toEqual({ stable: 75, canary: 25 })
  })

  it('names a server and a backend that HAProxy does not know', async () => {
    const unknownServer = open({ servers: { stable: ['s1'], canary: ['c9'] } })
    await expect(unknownServer.apply({ stable: 100, canary: 0 })).rejects.toMatchObject({
      code: 'haproxy_unknown_server',
      expected: 'c9',
      found: 's1, s2, c1',
    })
    const unknownBackend = open({ backend: 'shop' })
    await expect(unknownBackend.apply({ stable: 100, canary: 0 })).rejects.toMatchObject({
      code: 'haproxy_refused',
      found: "Can't find backend.",
    })
  })

  it('goes down though a server was renamed, and not up', async () => {
    const router = open()
    await router.apply({ stable: 50, canary: 50 })
    const renamed = open({ servers: { stable: ['s1', 'gone'], canary: ['c1'] } })
    const unknown = { code: 'haproxy_unknown_server' }
    await expect(renamed.apply({ stable: 25, canary: 75 })).rejects.toMatchObject(unknown)
    expect((await router.read?.())?.canary).toBeCloseTo(50, 0)
    await expect(renamed.apply({ stable: 100, canary: 0 })).rejects.toMatchObject(unknown)
    expect((await router.read?.())?.canary).toBe(0)
    expect(await origins.count(() => ask(proxy, 64))).not.toHaveProperty('c1')
    await router.apply({ stable: 100, canary: 0 })
  })

  it('keeps the share while a person has a server of the arm in maintenance', async () => {
    const router = open()
    await router.apply({ stable: 90, canary: 10 })
    await command(proxy, 'set server web/s1 state maint')
    const read = await router.read?.()
    expect(read?.canary).toBeGreaterThan(15)
    await router.apply({ stable: 90, canary: 10 })
    expect((await router.read?.())?.canary).toBeCloseTo(10, 0)
    expect(await stateOf(proxy, 's1')).toMatchObject({ admin: '1' })
    await command(proxy, 'set server web/s1 state ready')
    expect((await router.read?.())?.canary).toBeLessThan(10)
    await router.apply({ stable: 90, canary: 10 })
    expect((await router.read?.())?.canary).toBeCloseTo(10, 0)
  })

  it('refuses a share for an arm whose servers are all out of service', async () => {
    const router = open()
    await router.apply({ stable: 100, canary: 0 })
    await command(proxy, 'set server web/c1 state maint')
    await expect(router.apply({ stable: 95, canary: 5 })).rejects.toMatchObject({
      code: 'haproxy_arm_unavailable',
      pointer: '/canary',
    })
    expect(await stateOf(proxy, 'c1')).toMatchObject({ weight: '0' })
    await command(proxy, 'set server web/c1 state ready')
    await router.apply({ stable: 95, canary: 5 })
  })

  it('lets a request under way end on its arm', async () => {
    const router = open()
    await router.apply({ stable: 0, canary: 100 })
    const arrived = origins.hold()
    const answer = get(proxy)
    await arrived
    await router.apply({ stable: 100, canary: 0 })
    expect(await get(proxy)).toMatch(/^s/)
    origins.release()
    expect(await answer).toBe('c1')
  })

  it('reads the weights of the file after a restart, and sets them again', async () => {
    const router = open()
    await router.apply({ stable: 75, canary: 25 })
    await proxy.kill()
    await expect(router.read?.()).rejects.toMatchObject({ code: 'haproxy_unreachable' })
    await expect(router.apply({ stable: 50, canary: 50 })).rejects.toMatchObject({
      code: 'haproxy_unreachable',
    })
    await proxy.restart()
    expect(await router.read?.()).toEqual({ stable: 100, canary: 0 })
    await router.apply({ stable: 50, canary: 50 })
    expect(await router.read?.()).toEqual({ stable: 50, canary: 50 })
  })

  it('carries on where HAProxy restarts in the middle of a change', async () => {
    await open().apply({ stable: 100, canary: 0 })
    // Between the router and HAProxy: cuts the line once, after HAProxy has been told half of it.
    const between = await openCutter(proxy.api.admin)
    const tcp = { host: '127.0.0.1', port: between.port }
    const router = haproxyRouter({ tcp, backend: 'web', servers })
    const applied = router.apply({ stable: 50, canary: 50 })
    await applied
    expect(between.cuts).toBe(1)
    expect(await router.read?.()).toEqual({ stable: 50, canary: 50 })
    await between.close()
  })

  it('sends nothing where everything is as it was asked', async () => {
    await open().apply({ stable: 50, canary: 50 })
    const tcp = { host: '127.0.0.1', port: proxy.api.user }
    // Of level user it could not set anything.
    await haproxyRouter({ tcp, backend: 'web', servers }).apply({ stable: 50, canary: 50 })
  })

  it('gives up on a HAProxy that does not answer, and a newer call does not wait for an older', async () => {
    const port = await freePort()
    const silent = net.createServer(() => {}).listen(port, '127.0.0.1')
    await once(silent, 'listening')
    const options = { tcp: { host: '127.0.0.1', port }, backend: 'web', servers }
    await expect(haproxyRouter({ ...options, timeoutMs: 50 }).read?.()).rejects.toMatchObject({
      code: 'haproxy_timeout',
    })
    const router = haproxyRouter({ ...options, timeoutMs: 60_000 })
    const older = router.apply({ stable: 50, canary: 50 })
    const newer = router.apply({ stable: 100, canary: 0 })
    await expect(older).rejects.toMatchObject({ code: 'superseded' })
    await router.close?.()
    await expect(newer).rejects.toMatchObject({ code: 'superseded' })
    silent.close()
  })

  it('refuses weights that are none', async () => {
    const router = open()
    await expect(router.apply({ stable: 90, canary: 5 })).rejects.toMatchObject({
      code: 'invalid_split',
      pointer: '',
    })
    await expect(router.apply({ stable: 90, blue: 10 })).rejects.toMatchObject({
      code: 'invalid_split',
      pointer: '/blue',
    })
    await expect(router.apply({ stable: 110, canary: -10 })).rejects.toMatchObject({
      code: 'invalid_split',
      pointer: '/stable',
    })
  })

  it('says what an algorithm with fixed weights answers', async () => {
    const fixed = await start({ balance: 'static-rr' })
    onTestFinished(fixed.stop)
    const router = haproxyRouter({ socket: fixed.socket, backend: 'web', servers })
    await expect(router.apply({ stable: 90, canary: 10 })).rejects.toMatchObject({
      code: 'haproxy_refused',
      found: expect.stringContaining('static LB algorithm'),
    })
  })

  describe('clients bound to a server by a cookie', () => {
    it.each([
      { atZero: 'weight', stays: true },
      { atZero: 'drain', stays: true },
      { atZero: 'maintenance', stays: false },
    ] as const)('at zero by $atZero: stays $stays', async ({ atZero, stays }) => {
      const sticky = await start({ backend: ['cookie ARM insert indirect nocache'] })
      onTestFinished(sticky.stop)
      const router = haproxyRouter({ socket: sticky.socket, backend: 'web', servers, atZero })
      await router.apply({ stable: 0, canary: 100 })
      expect(await get(sticky)).toBe('c1')
      const arrived = origins.hold()
      const under = get(sticky)
      await arrived
      await router.apply({ stable: 100, canary: 0 })
      origins.release()
      expect(await under).toBe('c1')
      expect(await get(sticky)).toMatch(/^s/)
      const bound = await get(sticky, { cookie: 'ARM=c1' })
      expect(bound === 'c1').toBe(stays)
      // And comes back.
      await router.apply({ stable: 0, canary: 100 })
      expect(await get(sticky)).toBe('c1')
    })
  })
})

describe('the options of a HAProxy router', () => {
  it.each([
    [{ backend: 'web', servers }, ''],
    [{ socket: '/x', tcp: { host: 'h', port: 1 }, backend: 'web', servers }, ''],
    [{ socket: '/x', backend: 'web;shutdown', servers }, '/backend'],
    [{ socket: '/x', backend: 'web', servers: { stable: ['s1'] } }, '/servers'],
    [{ socket: '/x', backend: 'web', servers: { stable: ['s1'], canary: [] } }, '/servers/canary'],
    [
      { socket: '/x', backend: 'web', servers: { stable: ['a\n b'], canary: ['c'] } },
      '/servers/stable/0',
    ],
    [{ socket: '/x', backend: 'web', servers: { a: ['s1'], b: ['s1'] } }, '/servers/b/0'],
    [{ socket: '/x', backend: 'web', servers, timeoutMs: 0 }, '/timeoutMs'],
    [{ socket: '/x', backend: 'web', servers, atZero: 'never' }, '/atZero'],
  ])('are refused where they are wrong (%#)', (options, pointer) => {
    expect(() => haproxyRouter(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_option', pointer }),
    )
  })
})

interface Origins {
  readonly ports: Readonly<Record<string, number>>
  /** How many requests each served while this ran. */
  count(run: () => Promise<void>): Promise<Record<string, number>>
  /** The next request is kept waiting; resolves when it has arrived. */
  hold(): Promise<void>
  release(): void
  close(): Promise<void>
}

/** Servers that answer with their name. */
async function openOrigins(names: readonly string[]): Promise<Origins> {
  let counts: Record<string, number> = {}
  let onHeld: (() => void) | undefined
  let release: () => void = () => {}
  const opened = await Promise.all(
    names.map(async (name) => {
      const server = http.createServer((_, response) => {
        counts[name] = (counts[name] ?? 0) + 1
        if (onHeld === undefined) return void response.end(name)
        release = () => response.end(name)
        onHeld()
        onHeld = undefined
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { name, server, port: (server.address() as net.AddressInfo).port }
    }),
  )
  return {
    ports: Object.fromEntries(opened.map(({ name, port }) => [name, port])),
    async count(run) {
      counts = {}
      await run()
      return counts
    },
    hold: () =>
      new Promise<void>((resolve) => {
        onHeld = resolve
      }),
    release: () => release(),
    async close() {
      for (const { server } of opened) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

async function ask(proxy: HaproxyService, times: number): Promise<void> {
  for (let sent = 0; sent < times; sent += 16) {
    await Promise.all(Array.from({ length: 16 }, () => get(proxy)))
  }
}

async function get(proxy: HaproxyService, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(proxy.url, { headers })
  if (!response.ok) throw new Error(`HAProxy answered ${response.status}`)
  return response.text()
}

async function command(proxy: HaproxyService, line: string): Promise<string> {
  const socket = net.connect(proxy.socket)
  socket.write(`${line}\n`)
  let reply = ''
  for await (const part of socket) reply += String(part)
  return reply
}

async function stateOf(proxy: HaproxyService, name: string) {
  const table = await command(proxy, 'show servers state web')
  const row = table.split('\n').find((line) => line.includes(` ${name} `)) ?? ''
  const cells = row.split(' ')
  return { admin: cells[6], weight: cells[7] }
}

/** A wire to a port that tells only the first command of the second line, and cuts. */
async function openCutter(target: number) {
  let connections = 0
  let cuts = 0
  const server = net.createServer((client) => {
    connections += 1
    const upstream = net.connect(target, '127.0.0.1')
    upstream.on('error', () => {})
    client.on('error', () => {})
    if (connections !== 2) {
      client.pipe(upstream)
      upstream.pipe(client)
      return
    }
    cuts += 1
    client.once('data', (line: Buffer) => {
      upstream.write(`${line.toString().split(';')[0]}\n`)
      upstream.resume()
      upstream.once('end', () => client.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    get cuts() {
      return cuts
    },
    async close() {
      server.close()
    },
  }
}
