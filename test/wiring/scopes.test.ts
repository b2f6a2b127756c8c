import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { currentFlags, type Flags, type ScopedFlags } from '@sluice/sdk'
import * as onExpress from '@sluice/sdk/express'
import * as onFastify from '@sluice/sdk/fastify'
import * as onHono from '@sluice/sdk/hono'
import * as onNode from '@sluice/sdk/node-http'
import { testFlags } from '@sluice/sdk/testing'
import { guardCalls } from '@sluice/sdk/undici'
import express from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'

const environments = ['test']
const definitions = { newCheckout: { enabled: true, rollout: 100, environments } }
type Definitions = typeof definitions
const note = { actor: 'ada', reason: 'a test' }

/** What a handler answers with: what it found, and what it saw before and after the flag was switched off. */
async function handle(
  flags: Flags<Definitions>,
  handed: ScopedFlags<Definitions> | undefined,
  guarded: { readonly newCheckout?: boolean } | undefined,
) {
  const scope = currentFlags(flags)
  const before = scope?.isEnabled('newCheckout')
  await flags.disable('newCheckout', note)
  await new Promise((resolve) => setImmediate(resolve))
  return {
    user: currentFlags(flags)?.context,
    isHanded: handed === currentFlags(flags),
    seen: [before, currentFlags(flags)?.isEnabled('newCheckout'), flags.isEnabled('newCheckout')],
    guarded: guarded?.newCheckout,
  }
}

const userIn = (headers: IncomingMessage['headers']) => {
  if (headers['x-user'] === 'trouble') throw new Error('no session')
  return headers['x-user'] as string | undefined
}

type Create = (flags: Flags<Definitions>, report: (error: unknown) => void) => Promise<Server>

/** The scope comes first, the log moves, the guard comes next: it keeps to the scope. */
const frameworks: { readonly [name: string]: Create } = {
  'Express 5': async (flags, report) => withExpress(express(), flags, report),
  'Express 4': async (flags, report) => withExpress(express4(), flags, report),
  async 'Fastify 5'(flags, report) {
    const app = fastify()
    const user = ({ headers }: onFastify.FastifyRequest) => userIn(headers)
    await app.register(onFastify.scopeRequests(flags, { user, report }))
    // Twice, as an application of plugins may.
    await app.register(onFastify.scopeRequests(flags, { user, report: () => {} }))
    app.addHook('preHandler', async () => {
      await flags.disable('newCheckout', note)
    })
    await app.register(onFastify.guardRequests(flags, 'newCheckout', { user }))
    app.post('/', (request) =>
      handle(
        flags,
        request.getDecorator<ScopedFlags<Definitions>>('scopedFlags'),
        request.getDecorator<onFastify.RequestFlags>('flags') as never,
      ),
    )
    await app.ready()
    return app.server
  },
  async 'Hono 4 on Node'(flags, report) {
    const app = new Hono<{
      Variables: { scopedFlags: ScopedFlags<Definitions>; flags: { newCheckout: boolean } }
    }>()
    const user = (c: onHono.HonoContext) => userIn({ 'x-user': c.req.header('x-user') })
    app.use(onHono.scopeRequests(flags, { user, report }))
    app.use(async (_, next) => {
      await flags.disable('newCheckout', note)
      await next()
    })
    app.use(onHono.guardRequests(flags, 'newCheckout', { user }))
    app.post('/', async (c) => c.json(await handle(flags, c.var.scopedFlags, c.var.flags)))
    return createAdaptorServer({ fetch: app.fetch }) as Server
  },
  async 'node:http'(flags, report) {
    const user = ({ headers }: IncomingMessage) => userIn(headers)
    const scope = onNode.scopeRequests(flags, { user, report })
    const guard = onNode.guardRequests(flags, 'newCheckout', { user })
    const listener = guard(
      async (_: IncomingMessage, response: ServerResponse, { newCheckout }) => {
        const answer = await handle(flags, currentFlags(flags), { newCheckout })
        response.end(JSON.stringify(answer))
      },
    )
    return createServer(
      scope(async (request: IncomingMessage, response: ServerResponse) => {
        await flags.disable('newCheckout', note)
        await listener(request, response)
      }),
    )
  },
}

async function withExpress(
  app: ReturnType<typeof express>,
  flags: Flags<Definitions>,
  report: (error: unknown) => void,
) {
  const user = (request: express.Request) => userIn(request.headers)
  app.use(express.json())
  app.use(onExpress.scopeRequests(flags, { user, report }))
  app.use((_, __, next) => {
    flags.disable('newCheckout', note).then(() => next(), next)
  })
  app.use(onExpress.guardRequests(flags, 'newCheckout', { user }))
  app.post('/', (_, response, next) => {
    const { scopedFlags, flags: guarded } = response.locals
    handle(flags, scopedFlags, guarded).then((answer) => response.json(answer), next)
  })
  return createServer(app)
}

const toClose: (() => unknown)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0)) await close()
})

async function open(create: Create) {
  const flags = testFlags(definitions)
  await flags.ready()
  const reported: unknown[] = []
  const server = await create(flags, (error) => reported.push(error))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toClose.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  const ask = async (user: string | undefined) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: JSON.stringify({ large: 'x'.repeat(100_000) }),
      headers: {
        'content-type': 'application/json',
        ...(user !== undefined && { 'x-user': user }),
      },
    })
    expect(response.status).toBe(200)
    return (await response.json()) as Awaited<ReturnType<typeof handle>>
  }
  return { flags, ask, reported }
}

describe.each(Object.entries(frameworks))('scopeRequests for %s', (_, create) => {
  it('gives a request the flags as they were when it came, and its guards too', async () => {
    const { ask } = await open(create)
    expect(await ask('ada')).toEqual({
      ...{ user: 'ada', isHanded: true, seen: [true, true, false], guarded: true },
    })
    expect(await ask('ada')).toMatchObject({ seen: [false, false, false], guarded: false })
  })

  it('tells requests that run at the same time apart', async () => {
    const { ask } = await open(create)
    const users = ['ada', 'bo', 'cy', 'ada2', 'bo2', 'cy2']
    const answers = await Promise.all(users.map(ask))
    expect(answers.map(({ user }) => user)).toEqual(users)
  })

  it('goes on without a user where nobody is known, and where finding out fails', async () => {
    const { ask, reported } = await open(create)
    expect(await ask(undefined)).toMatchObject({ isHanded: true, seen: [true, true, false] })
    expect(reported).toEqual([])
    const { user, guarded } = await ask('trouble')
    expect([user, guarded]).toEqual([undefined, false])
    expect(reported).toMatchObject([{ message: 'no session' }])
  })
})

describe('scopeRequests', () => {
  it('refuses what finds nobody out', () => {
    const flags = testFlags(definitions)
    for (const { scopeRequests } of [onExpress, onFastify, onHono, onNode]) {
      // @ts-expect-error
      expect(() => scopeRequests(flags, {})).toThrow(
        expect.objectContaining({ code: 'invalid_request_scope', pointer: '/user' }),
      )
    }
  })
})

describe('a call that is made for a request', () => {
  it('counts under the arm that the request sees', async () => {
    const { runWithFlags } = await import('@sluice/sdk')
    const flags = testFlags(definitions)
    await flags.ready()
    const dispatch = guardCalls(flags, 'newCheckout', { user: () => 'ada' })(
      (_: never, handler: { onResponseStart?: (...args: unknown[]) => void }) => {
        handler.onResponseStart?.({}, 500, {}, '')
        return true
      },
    )
    const call = () => dispatch({ path: '/', method: 'GET' } as never, {} as never)
    const scope = flags.forRequest('ada')
    await flags.disable('newCheckout', note)
    runWithFlags(scope, call)
    call()
    await flags.clock.advance(60_000)
    const { canary, stable } = flags.health('newCheckout').read()
    expect([canary.requests, stable.requests]).toEqual([1, 1])
  })
})
