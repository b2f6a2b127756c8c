import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { request, fetch as undiciFetch, upgrade } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createSplitDispatcher,
  type SplitDispatcherOptions,
  type TrafficOutcome,
} from '../../packages/rollout/src/dispatcher.ts'
import { type ArmServer, createArmServer } from './arm-server.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function serve(arm: string, answer?: Parameters<typeof createArmServer>[1]) {
  const server = await createArmServer(arm, answer)
  cleanups.push(() => server.close())
  return server
}

function open(arms: Record<string, ArmServer[]>, options: Partial<SplitDispatcherOptions> = {}) {
  const outcomes: TrafficOutcome[] = []
  const events: string[] = []
  const dispatcher = createSplitDispatcher({
    arms: Object.fromEntries(
      Object.entries(arms).map(([arm, servers]) => [
        arm,
        { origins: servers.map((s) => s.origin) },
      ]),
    ),
    onOutcome: (outcome) => outcomes.push(outcome),
    onEvent: ({ name, arm }) => events.push(`${name} ${arm}`),
    ...options,
  })
  cleanups.push(() => dispatcher.destroy())
  const ask = async (options: Partial<Parameters<typeof request>[1]> & { path?: string } = {}) => {
    const { path = '/', ...rest } = options
    const { body, statusCode } = await request(`http://service${path}`, {
      dispatcher,
      ...rest,
    } as never)
    return { text: await body.text(), statusCode }
  }
  return { dispatcher, outcomes, events, ask }
}

const refuse = (_: unknown, response: { writeHead(code: number): { end(): void } }) =>
  response.writeHead(503).end()

describe('a split dispatcher', () => {
  it('serves fetch, of Node and of undici, and tells how each request ended', async () => {
    const { dispatcher, outcomes } = open({ stable: [await serve('stable')] })
    const init = { dispatcher, headers: { cookie: 'a=b; sluice_key=ann' } }
    expect(await (await fetch('http://service/', init as never)).text()).toBe('stable')
    expect(await (await undiciFetch('http://service/', init)).text()).toBe('stable')
    expect(outcomes).toMatchObject([
      { arm: 'stable', ok: true, statusCode: 200, key: 'ann', retries: 0, isAborted: false },
      { arm: 'stable', ok: true, key: 'ann' },
    ])
    expect(outcomes[0]!.durationMs).toBeGreaterThanOrEqual(0)
  })

  it('sends to the origin of an arm that has the least under way', async () => {
    const servers = [await serve('stable'), await serve('stable'), await serve('stable')]
    const { ask } = open({ stable: servers })
    const held = servers.slice(1).map(() => ask({ path: '/hold' }))
    await Promise.race(servers.map((server) => server.held()))
    while (servers.filter((server) => server.count > 0).length < 2) await new Promise(setImmediate)
    const free = servers.find((server) => server.count === 0)!
    for (let turn = 0; turn < 4; turn++) await ask()
    expect(free.count).toBe(4)
    for (const server of servers) server.release()
    await Promise.all(held)
  })

  it('tries another origin of the arm where one is gone, and leaves that one out', async () => {
    const [dead, alive] = [await serve('stable'), await serve('stable')]
    let now = 0
    const { ask, outcomes, events } = open({ stable: [dead, alive] }, { now: () => now })
    await dead.kill()
    for (let turn = 0; turn < 6; turn++) expect((await ask()).text).toBe('stable')
    expect(alive.count).toBe(6)
    expect(outcomes.filter(({ retries }) => retries > 0)).toHaveLength(1)
    expect(outcomes.every(({ ok }) => ok)).toBe(true)
    expect(events).toEqual(['ejected stable'])
    await dead.restart()
    for (let turn = 0; turn < 4; turn++) await ask()
    expect(dead.count).toBe(0)
    now = 1_000
    for (let turn = 0; turn < 4; turn++) await ask()
    expect(dead.count).toBeGreaterThan(0)
    expect(events).toEqual(['ejected stable', 'returned stable'])
  })

  it('sends nothing twice that is not idempotent, whose body is gone, or that was answered', async () => {
    const cut = await serve('stable', (incoming, response) => {
      if (incoming.url === '/half')
        response.writeHead(200, { 'content-length': '10' }).write('half')
      setImmediate(() => incoming.socket.destroy())
    })
    const other = await serve('stable')
    const { ask, outcomes, dispatcher } = open(
      { stable: [cut, other] },
      // Left out by nothing, so that the broken one is always asked.
      { ejection: { serverErrors: 1e9, connectFailures: 1e9 } },
    )
    const fails = async (options: Parameters<typeof ask>[0]) => {
      dispatcher.setOrigins('stable', [cut.origin])
      const answer = ask(options)
      dispatcher.setOrigins('stable', [cut.origin, other.origin])
      await expect(answer).rejects.toThrow()
      expect(outcomes.pop()).toMatchObject({ ok: false, retries: 0 })
    }
    await fails({ method: 'POST', body: 'order' })
    await fails({ method: 'PUT', body: Readable.from(['once']) })
    await fails({ path: '/half' })
    expect(other.count).toBe(0)
    dispatcher.setOrigins('stable', [cut.origin])
    const answer = ask({ method: 'PUT', body: 'again' })
    dispatcher.setOrigins('stable', [cut.origin, other.origin])
    expect((await answer).text).toBe('stable')
    expect(outcomes.pop()).toMatchObject({ ok: true, retries: 1, origin: other.origin })
  })

  it('lets a dead arm fall back to the first one, as an error of its own', async () => {
    const [stable, canary] = [await serve('stable'), await serve('canary')]
    const { ask, outcomes } = open(
      { stable: [stable], canary: [canary] },
      { weights: { stable: 1, canary: 99 }, random: () => 0 },
    )
    await canary.kill()
    for (let turn = 0; turn < 3; turn++) expect((await ask()).text).toBe('stable')
    expect((await ask({ method: 'POST', body: 'order' })).text).toBe('stable')
    expect(outcomes).toHaveLength(4)
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ arm: 'canary', servedBy: 'stable', ok: false })
  })

  it('exposes nobody to the canary because the stable arm is dead', async () => {
    const [stable, canary] = [await serve('stable'), await serve('canary')]
    const { ask, outcomes } = open(
      { stable: [stable], canary: [canary] },
      { weights: { stable: 99, canary: 1 }, random: () => 0.5 },
    )
    await stable.kill()
    for (let turn = 0; turn < 3; turn++) await expect(ask()).rejects.toThrow()
    expect(canary.count).toBe(0)
    await stable.restart()
    expect((await ask()).text).toBe('stable')
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, false, false, true])
  })

  it('does not fall back to an arm at 0, nor where it is told not to', async () => {
    const [stable, canary] = [await serve('stable'), await serve('canary')]
    const arms = { stable: [stable], canary: [canary] }
    const full = open(arms, { weights: { canary: 100 } })
    const strict = open(arms, {
      weights: { stable: 1, canary: 99 },
      random: () => 0,
      onDeadArm: 'fail',
    })
    await canary.kill()
    for (const { ask, outcomes } of [full, strict]) {
      for (let turn = 0; turn < 2; turn++) await expect(ask()).rejects.toThrow()
      expect(outcomes.every(({ arm, servedBy, ok }) => arm === servedBy && !ok)).toBe(true)
    }
    expect(stable.count).toBe(0)
    await canary.restart()
    for (const { ask } of [full, strict]) expect((await ask()).text).toBe('canary')
  })

  it('leaves an origin out after five answers of 5xx in a row, while the arm has another', async () => {
    const [bad, good] = [await serve('stable', refuse as never), await serve('stable')]
    const { ask, events, dispatcher } = open({ stable: [bad, good] }, { now: () => 0 })
    for (let turn = 0; turn < 30; turn++) await ask()
    expect(bad.count).toBe(5)
    expect(events).toEqual(['ejected stable'])
    dispatcher.setOrigins('stable', [bad.origin])
    expect((await ask()).statusCode).toBe(503)
  })

  it('goes on asking an arm that answers badly as a whole: that is for its guards to judge', async () => {
    const [stable, canary] = [await serve('stable'), await serve('canary', refuse as never)]
    const { ask, outcomes, events } = open(
      { stable: [stable], canary: [canary] },
      { weights: { stable: 1, canary: 99 }, random: () => 0 },
    )
    for (let turn = 0; turn < 12; turn++) expect((await ask()).statusCode).toBe(503)
    expect(events).toEqual([])
    expect(outcomes.every(({ servedBy, ok }) => servedBy === 'canary' && !ok)).toBe(true)
  })

  it('hands on an upgraded connection, as of its arm', async () => {
    const server = createServer()
    server.on('upgrade', (_, socket) => {
      socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello',
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    const { dispatcher, outcomes } = open({
      stable: [{ origin: `http://127.0.0.1:${port}` } as ArmServer],
    })
    const { socket } = await upgrade('http://service/', { dispatcher, protocol: 'chat' })
    let text = ''
    for await (const chunk of socket) text += chunk
    expect(text).toBe('hello')
    expect(outcomes).toMatchObject([{ arm: 'stable', ok: true, statusCode: 101 }])
  })

  it('lets requests end on an arm that goes to 0, then closes its connections', async () => {
    const [stable, canary] = [await serve('stable'), await serve('canary')]
    const { ask, dispatcher } = open(
      { stable: [stable], canary: [canary] },
      { weights: { canary: 100 } },
    )
    const held = ask({ path: '/hold' })
    await canary.held()
    await dispatcher.apply({ stable: 100, canary: 0 })
    expect((await ask()).text).toBe('stable')
    expect(canary.connections).toBe(1)
    canary.release()
    expect((await held).text).toBe('canary')
    while (canary.connections > 0) await new Promise(setImmediate)
    await dispatcher.apply({ canary: 100 })
    expect((await ask()).text).toBe('canary')
  })

  it('sends nothing again to an arm that went to 0 in the meantime', async () => {
    let cut = () => {}
    const broken = await serve('canary', (incoming) => {
      cut = () => incoming.socket.destroy()
      arrive()
    })
    let arrive = () => {}
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve
    })
    const [stable, other] = [await serve('stable'), await serve('canary')]
    const { ask, dispatcher, outcomes } = open(
      { stable: [stable], canary: [broken] },
      { weights: { stable: 1, canary: 99 }, random: () => 0 },
    )
    const answer = ask()
    await arrived
    dispatcher.setOrigins('canary', [broken.origin, other.origin])
    await dispatcher.apply({ stable: 100, canary: 0 })
    cut()
    expect((await answer).text).toBe('stable')
    expect(other.count).toBe(0)
    expect(outcomes).toMatchObject([{ arm: 'canary', servedBy: 'stable', ok: false }])
  })

  it('ends what is under way on an origin that is gone, when it closes or is destroyed', async () => {
    const [old, fresh] = [await serve('stable'), await serve('stable')]
    const { ask, dispatcher } = open({ stable: [old] })
    const held = ask({ path: '/hold' })
    await old.held()
    dispatcher.setOrigins('stable', [fresh.origin])
    const broken = expect(held).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' })
    const closed = dispatcher.close()
    // Weights that come late open nothing again, or it would never be closed.
    await dispatcher.apply({ stable: 100 })
    await dispatcher.destroy()
    await broken
    await closed
  })

  it('sends nothing again that its caller says is not idempotent', async () => {
    const cut = () => serve('stable', (incoming) => incoming.socket.destroy())
    const servers = [await cut(), await cut()]
    const { dispatcher } = open({ stable: servers })
    const call = { origin: 'http://service', path: '/', method: 'GET', idempotent: false } as const
    await expect(dispatcher.request(call)).rejects.toThrow()
    expect(servers[0]!.count + servers[1]!.count).toBe(1)
  })

  it('goes on where an async callback rejects, and where report throws', async () => {
    const reported: unknown[] = []
    const { ask } = open(
      { stable: [await serve('stable')] },
      {
        onOutcome: (async () => {
          throw new Error('mine')
        }) as never,
        report: (error) => {
          reported.push(error)
          throw new Error('again')
        },
      },
    )
    expect((await ask()).text).toBe('stable')
    expect(reported).toHaveLength(1)
  })

  it('does not blame an origin for a caller that gives up', async () => {
    const [one, two] = [await serve('stable'), await serve('stable')]
    const { ask, outcomes, events } = open({ stable: [one, two] })
    for (let turn = 0; turn < 8; turn++) {
      const abort = new AbortController()
      const answer = ask({ path: '/hold', signal: abort.signal })
      await Promise.race([one.held(), two.held()])
      abort.abort()
      await expect(answer).rejects.toThrow(/abort/i)
      one.release()
      two.release()
    }
    expect(events).toEqual([])
    expect(outcomes).toHaveLength(8)
    expect(outcomes.every(({ ok, isAborted, retries }) => !ok && isAborted && retries === 0)).toBe(
      true,
    )
  })

  it('does not blame an origin for a body that breaks', async () => {
    const { ask, outcomes, events } = open({
      stable: [await serve('stable'), await serve('stable')],
    })
    async function* broken() {
      yield 'half'
      throw Object.assign(new Error('lost'), { code: 'ECONNRESET' })
    }
    for (let turn = 0; turn < 8; turn++)
      await expect(ask({ method: 'PUT', body: Readable.from(broken()) })).rejects.toThrow('lost')
    expect(events).toEqual([])
    expect(outcomes.every(({ isAborted }) => isAborted)).toBe(true)
  })

  it('counts a slow arm by how long its body took', async () => {
    let now = 0
    const { ask, outcomes } = open(
      {
        stable: [
          await serve('stable', (_, response) => {
            response.write('a')
            now = 700
            response.end('b')
          }),
        ],
      },
      { now: () => now },
    )
    expect((await ask()).text).toBe('ab')
    expect(outcomes).toMatchObject([{ ok: true, durationMs: 700 }])
  })

  it('refuses requests once it is closed, after those under way have ended', async () => {
    const stable = await serve('stable')
    const { ask, dispatcher } = open({ stable: [stable] })
    const held = ask({ path: '/hold' })
    await stable.held()
    const closed = dispatcher.close()
    await expect(ask()).rejects.toMatchObject({ code: 'UND_ERR_CLOSED' })
    stable.release()
    expect((await held).text).toBe('stable')
    await closed
    while (stable.connections > 0) await new Promise(setImmediate)
  })

  it('goes on where a callback throws, and reports it', async () => {
    const reported: unknown[] = []
    const fail = () => {
      throw new Error('mine')
    }
    const { ask } = open(
      { stable: [await serve('stable')] },
      { onOutcome: fail, keyOf: fail, report: (error) => reported.push(error) },
    )
    expect((await ask()).text).toBe('stable')
    expect(reported).toHaveLength(2)
  })

  it('refuses arms, origins and limits that are none, and says where', async () => {
    const bad: [unknown, string, string][] = [
      [{ arms: {} }, 'invalid_arms', '/arms'],
      [{ arms: { stable: { origins: [] } } }, 'invalid_arms', '/arms/stable/origins'],
      [{ arms: { stable: { origins: ['ftp://a'] } } }, 'invalid_arms', '/arms/stable/origins/0'],
      [
        { arms: { stable: { origins: ['http://a/path'] } } },
        'invalid_arms',
        '/arms/stable/origins/0',
      ],
      [
        { arms: { stable: { origins: ['http://a', 'http://a:80'] } } },
        'invalid_arms',
        '/arms/stable/origins/1',
      ],
      [
        { arms: { stable: { origins: ['http://a'] } }, ejection: { serverErrors: 0 } },
        'invalid_option',
        '/ejection/serverErrors',
      ],
      [
        { arms: { stable: { origins: ['http://a'] } }, weights: { stable: 90 } },
        'invalid_split',
        '',
      ],
    ]
    for (const [options, code, pointer] of bad) {
      let caught: unknown
      try {
        createSplitDispatcher(options as never)
      } catch (error) {
        caught = error
      }
      expect(caught).toMatchObject({ code, pointer })
    }
  })
})
