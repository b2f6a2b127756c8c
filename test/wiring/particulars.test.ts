import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@sluice/sdk'
import { guardRequests as guardExpress } from '@sluice/sdk/express'
import { guardRequests as guardFastify } from '@sluice/sdk/fastify'
import { guardRequests as guardHono } from '@sluice/sdk/hono'
import { guardRequests as guardNode } from '@sluice/sdk/node-http'
import express from 'express'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { openShop, type Served, serve } from './shop.ts'

let shop: ReturnType<typeof openShop>
const opened: Served[] = []
beforeEach(() => {
  shop = openShop()
})
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
  await shop.flags.close()
})

async function open(server: Server): Promise<Served> {
  const served = await serve(server)
  opened.push(served)
  return served
}

const byHeader = { user: ({ headers }: IncomingMessage) => headers['x-user'] as string }
const textOf = async (response: Promise<IncomingMessage>) =>
  (await (await response).setEncoding('utf8').toArray()).join('')

describe('what a guard is made with', () => {
  it.each([
    (options: never) => guardExpress(shop.flags, 'newCheckout', options),
    (options: never) => guardFastify(shop.flags, 'newCheckout', options),
    (options: never) => guardHono(shop.flags, 'newCheckout', options),
    (options: never) => guardNode(shop.flags, 'newCheckout', options),
  ])('is refused where a function is missing', (guardRequests) => {
    for (const [options, pointer] of [
      [{}, '/user'],
      [{ user: 'ann' }, '/user'],
      [{ user: () => 'ann', isError: 500 }, '/isError'],
    ] as const) {
      expect(() => guardRequests(options as never)).toThrowError(
        expect.objectContaining({ code: 'invalid_request_guard', flag: 'newCheckout', pointer }),
      )
    }
  })

  it('says what an error is; one that throws makes one, and is reported like a user that throws', async () => {
    const reported: unknown[] = []
    const guard = guardNode(shop.flags, 'newCheckout', {
      user: ({ headers }: IncomingMessage) => {
        if (headers['x-user'] === 'bob') throw new Error('no session')
        return 'ann'
      },
      isError(status) {
        if (status === 418) throw new Error('no tea')
        return status === 404
      },
      report: (error) => reported.push((error as Error).message),
    })
    const server = await open(
      createServer(
        guard(({ url = '' }: IncomingMessage, response: ServerResponse) =>
          response.writeHead(Number(url.slice(1))).end(),
        ),
      ),
    )
    for (const status of ['200', '500', '404', '418']) await server.call(status).end
    await server.call('200', { headers: { 'x-user': 'bob' } }).end
    await until(() => shop.counts().canary[0] === 4)
    expect(shop.counts()).toEqual({ canary: [4, 2], stable: [0, 0] })
    expect(reported.sort()).toEqual(['no session', 'no tea'])
  })

  it('does not compile with a user that is not known at once, or a misspelt flag', () => {
    // @ts-expect-error a promise is no user
    guardExpress(shop.flags, 'newCheckout', { user: async () => 'ann' })
    // @ts-expect-error there is no such flag
    guardExpress(shop.flags, 'newChekout', { user: () => 'ann' })
  })
})

describe('a user who cannot be placed', () => {
  it.each<readonly [string, string, object]>([
    ['without a key that a percentage needs', 'newSearch', { plan: 'free' }],
    ['of a flag that is not there', 'gone', { id: 'ann' }],
  ])('is served the old code and not counted: %s', async (_what, key, user) => {
    const guard = guardNode(shop.flags as Flags, key, { user: () => user })
    const server = await open(
      createServer(
        guard((_request: IncomingMessage, response: ServerResponse, flags) =>
          response.end(String(flags[key])),
        ),
      ),
    )
    expect(await textOf(server.call('').response)).toBe('false')
    await server.call('').end
    expect(shop.counts(key)).toEqual({ canary: [0, 0], stable: [0, 0] })
  })
})

describe('a request', () => {
  const secretive = {
    get id(): string {
      throw new Error('a secret')
    },
  }

  it('is served whatever its user is like, and whatever stands in the place of the answers', async () => {
    const reported: unknown[] = []
    const app = express()
    app.use((_request, response, next) => {
      response.locals.flags = null
      next()
    })
    for (const key of ['newMenu', 'newSearch'] as const) {
      const report = (error: unknown) => reported.push(error)
      app.use(guardExpress(shop.flags, key, { user: () => secretive, report }))
    }
    app.get('/', (_request, response) => {
      response.json(response.locals.flags)
    })
    const server = await open(createServer(app))
    const answers = JSON.parse(await textOf(server.call('').response))
    expect(answers).toEqual({ newMenu: true, newSearch: false })
    await until(() => shop.counts('newMenu').canary[0] === 1)
    expect(shop.counts('newSearch')).toEqual({ canary: [0, 0], stable: [0, 0] })
    expect(reported).toEqual([new Error('a secret')])
  })
})

describe('several guards', () => {
  const counts = () => [shop.counts().canary[0], shop.counts('newSearch').stable[0]]
  const search = { user: () => 'user-1' }

  it('of Express count one flag once, and leave all answers', async () => {
    const app = express()
    app.use(guardExpress(shop.flags, 'newCheckout', { user: () => 'ann' }))
    app.use(guardExpress(shop.flags, 'newCheckout', { user: () => 'bob' }))
    app.use(guardExpress(shop.flags, 'newSearch', search))
    app.get('/', (_request, response) => {
      response.json(response.locals.flags)
    })
    const server = await open(createServer(app))
    const answers = JSON.parse(await textOf(server.call('').response))
    expect(answers).toEqual({ newCheckout: true, newSearch: false })
    await until(() => counts().every((count) => count === 1))
    expect(shop.counts().stable).toEqual([0, 0])
  })

  it('of Fastify share the decorator, also in a child, and hold only below it', async () => {
    const app = fastify()
    await app.register(guardFastify(shop.flags, 'newCheckout', { user: () => 'ann' }))
    await app.register(async (child) => {
      await child.register(guardFastify(shop.flags, 'newSearch', search))
      child.get('/both', (request) => request.getDecorator('flags'))
    })
    app.get('/one', (request) => request.getDecorator('flags'))
    await app.ready()
    const server = await open(app.server)
    expect(JSON.parse(await textOf(server.call('both').response))).toEqual({
      ...{ newCheckout: true, newSearch: false },
    })
    expect(JSON.parse(await textOf(server.call('one').response))).toEqual({ newCheckout: true })
    await until(() => shop.counts().canary[0] === 2)
    expect(shop.counts('newSearch').stable[0]).toBe(1)
  })

  it('of node:http are put into each other', async () => {
    const outer = guardNode(shop.flags, 'newCheckout', byHeader)
    const inner = guardNode(shop.flags, 'newSearch', search)
    const server = await open(
      createServer(
        outer(
          inner((_request: IncomingMessage, response: ServerResponse, flags) =>
            response.end(JSON.stringify(flags)),
          ),
        ),
      ),
    )
    const answers = JSON.parse(await textOf(server.call('').response))
    expect(answers).toEqual({ newCheckout: true, newSearch: false })
    await until(() => counts().every((count) => count === 1))
  })
})

describe('a guard of Express', () => {
  it('does not count whose client left before it was reached', async () => {
    const app = express()
    let entered = 0
    let passed = 0
    app.use(async (request, _response, next) => {
      entered += 1
      if (request.url === '/slow') await new Promise((resolve) => request.once('close', resolve))
      next()
    })
    app.use(guardExpress(shop.flags, 'newCheckout', { user: () => 'ann' }))
    app.use((_request, response) => {
      passed += 1
      response.end()
    })
    const server = await open(createServer(app))
    const call = server.call('slow')
    await until(() => entered === 1)
    call.sent.destroy()
    await until(() => passed === 1)
    await server.call('').end
    await until(() => shop.counts().canary[0]! > 0)
    shop.advance(30_000)
    expect(shop.counts().canary).toEqual([1, 0])
  })
})

describe('a guard of Fastify', () => {
  it('does not take the name of a decorator that the application has', async () => {
    const app = fastify()
    app.decorateRequest('flags', null)
    await expect(
      app.register(guardFastify(shop.flags, 'newCheckout', { user: () => 'ann' })),
    ).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  })

  it('counts an injected request', async () => {
    const app = fastify()
    app.register(guardFastify(shop.flags, 'newCheckout', { user: () => 'ann' }))
    app.get('/', () => 'ok')
    expect((await app.inject('/')).payload).toBe('ok')
    expect(shop.counts().canary).toEqual([1, 0])
    await app.close()
  })
})

describe('a guard of node:http', () => {
  it('counts at once what its listener throws, and lets it through', async () => {
    const guard = guardNode(shop.flags, 'newCheckout', { user: () => 'ann' })
    const guarded = guard(({ url }: IncomingMessage): unknown => {
      const error = new Error(`from ${url}`)
      if (url === '/throw') throw error
      return Promise.reject(error)
    })
    const thrown: string[] = []
    const server = await open(
      createServer(async (request, response: ServerResponse) => {
        try {
          await guarded(request, response)
        } catch (error) {
          thrown.push((error as Error).message)
        }
      }),
    )
    const calls = [server.call('throw'), server.call('reject')]
    await until(() => thrown.length === 2)
    expect(thrown.sort()).toEqual(['from /reject', 'from /throw'])
    expect(shop.counts().canary).toEqual([2, 2])
    for (const { sent, end } of calls) {
      sent.destroy()
      await end
    }
    await sleep(0)
    expect(shop.counts().canary).toEqual([2, 2])
  })

  it.each([undefined, new Error('enough')])(
    'counts as an error an answer that is broken off behind its end, with %s',
    async (error) => {
      const guard = guardNode(shop.flags, 'newCheckout', { user: () => 'ann' })
      const server = await open(
        createServer(
          guard((_request: IncomingMessage, response: ServerResponse) => {
            // More than the system takes at once.
            response.end(Buffer.alloc(50_000_000))
            response.destroy(error)
          }),
        ),
      )
      expect(await server.call('').end).toBe('broken off')
      await until(() => shop.counts().canary[0] === 1)
      expect(shop.counts().canary).toEqual([1, 1])
    },
  )

  it('counts by its status an answer that its client does not wait for', async () => {
    const guard = guardNode(shop.flags, 'newCheckout', { user: () => 'ann' })
    const server = await open(
      createServer(
        guard((_request: IncomingMessage, response: ServerResponse) =>
          response.end(Buffer.alloc(50_000_000)),
        ),
      ),
    )
    const call = server.call('')
    const { socket } = await call.response
    socket.resetAndDestroy()
    await call.end
    await until(() => shop.counts().canary[0] === 1)
    expect(shop.counts().canary).toEqual([1, 0])
  })

  it('does not see a connection that is upgraded', async () => {
    const guard = guardNode(shop.flags, 'newCheckout', { user: () => 'ann' })
    const listening = createServer(
      guard((_request: IncomingMessage, response: ServerResponse) => response.end()),
    )
    listening.on('upgrade', (_request, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\n\r\n')
    })
    const server = await open(listening)
    const headers = { connection: 'upgrade', upgrade: 'chat' }
    const { sent } = server.call('', { headers })
    await new Promise((resolve) => sent.once('upgrade', resolve))
    await server.call('').end
    await until(() => shop.counts().canary[0]! > 0)
    shop.advance(30_000)
    expect(shop.counts().canary).toEqual([1, 0])
  })
})
