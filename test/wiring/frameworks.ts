import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { guardRequests as guardExpress } from '@sluice/sdk/express'
import { guardRequests as guardFastify } from '@sluice/sdk/fastify'
import { guardRequests as guardHono, type RequestFlags } from '@sluice/sdk/hono'
import { guardRequests as guardNode } from '@sluice/sdk/node-http'
import express from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import { broken, endless, failure, statuses, threeChunks } from './routes.ts'
import type { ShopFlags } from './shop.ts'

/** A framework's application, with all routes behind a guard of the flag `newCheckout`. */
export interface Framework {
  readonly name: string
  /** What it has no answer to: a rejection that nobody handles, or an error that ends a process. */
  readonly without?: readonly string[]
  /** @param enter Told of each route that is entered. */
  create(flags: ShopFlags, enter: (route: string) => void): Promise<Server>
}

type User = (headers: IncomingMessage['headers']) => string | undefined

/** The user stands in a header; one by the name of "nobody" is an error of the application. */
const userIn: User = (headers) => {
  const user = headers['x-user']
  if (user === 'trouble') throw new Error('no session')
  return typeof user === 'string' ? user : undefined
}

/** The routes of frameworks that hand Node's own response to their handlers. */
async function answer(route: string, response: ServerResponse, isOn: boolean): Promise<void> {
  const status = statuses[route as keyof typeof statuses]
  if (status !== undefined) {
    response.statusCode = status
    response.end(status === 204 ? undefined : String(isOn))
  } else if (route === 'reject') throw failure()
  else if (route === 'stream') threeChunks().pipe(response)
  else if (route === 'endless') endless().pipe(response)
  else if (route === 'upstream') pipeline(broken(), response, () => {})
  else if (route === 'late') {
    await new Promise<void>((resolve) => response.write('one\n', () => resolve()))
    throw failure()
  } else if (route === 'cut') response.write('one\n', () => response.destroy())
  else if (route === 'refuse') response.destroy()
}

const routeOf = ({ url = '' }: { url?: string | undefined }) => url.slice(1)

function expressFramework(name: string, create: typeof express, without: string[]): Framework {
  return {
    name,
    without,
    async create(flags, enter) {
      const app = create()
      app.use(
        guardExpress(flags, 'newCheckout', {
          user: (request: express.Request) => userIn(request.headers),
        }),
      )
      app.use((request, response) => {
        enter(routeOf(request))
        if (routeOf(request) === 'throw') throw failure()
        const { newCheckout } = response.locals.flags as RequestFlags<'newCheckout'>
        return answer(routeOf(request), response, newCheckout)
      })
      return createServer(app)
    },
  }
}

const nodeFramework: Framework = {
  name: 'node:http',
  async create(flags, enter) {
    const guard = guardNode(flags, 'newCheckout', { user: ({ headers }) => userIn(headers) })
    const listener = guard(
      (request: IncomingMessage, response: ServerResponse, { newCheckout }) => {
        enter(routeOf(request))
        if (routeOf(request) === 'throw') throw failure()
        return answer(routeOf(request), response, newCheckout)
      },
    )
    // What ends a process otherwise: that nothing is swallowed is seen here.
    return createServer(async (request, response) => {
      try {
        await listener(request, response)
      } catch {
        if (response.headersSent) response.destroy()
        else response.writeHead(500).end()
      }
    })
  },
}

const fastifyFramework: Framework = {
  name: 'Fastify 5',
  async create(flags, enter) {
    const app = fastify()
    await app.register(
      guardFastify(flags, 'newCheckout', { user: ({ headers }) => userIn(headers) }),
    )
    app.all('/*', async (request, reply) => {
      const route = routeOf(request.raw)
      enter(route)
      const { newCheckout } = request.getDecorator<RequestFlags<'newCheckout'>>('flags')
      const status = statuses[route as keyof typeof statuses]
      if (status !== undefined) return reply.code(status).send(String(newCheckout))
      if (route === 'throw' || route === 'reject') throw failure()
      if (route === 'stream') return reply.send(threeChunks())
      if (route === 'endless') return reply.send(endless())
      if (route === 'upstream') return reply.send(broken())
      if (route === 'late') {
        await new Promise<void>((resolve) => reply.raw.write('one\n', () => resolve()))
        throw failure()
      }
      reply.hijack()
      return answer(route, reply.raw, newCheckout)
    })
    await app.ready()
    return app.server
  },
}

const honoFramework: Framework = {
  name: 'Hono 4 on Node',
  async create(flags, enter) {
    const app = createHonoApp(flags, enter)
    return createAdaptorServer({ fetch: app.fetch }) as Server
  },
}

/** The same routes as web responses. */
export function createHonoApp(flags: ShopFlags, enter: (route: string) => void) {
  const app = new Hono<{
    Bindings: Partial<HttpBindings>
    Variables: { flags: RequestFlags<'newCheckout'> }
  }>()
  app.use(
    guardHono(flags, 'newCheckout', {
      user: (c) => userIn({ 'x-user': c.req.header('x-user') }),
    }),
  )
  app.all('/:route', async (c) => {
    const route = c.req.param('route')
    enter(route)
    const status = statuses[route as keyof typeof statuses]
    if (status === 204) return c.body(null, 204)
    if (status !== undefined) return c.text(String(c.var.flags.newCheckout), status)
    if (route === 'throw' || route === 'reject') throw failure()
    if (route === 'stream') return c.body(toWeb(threeChunks()))
    if (route === 'endless') return c.body(toWeb(endless()))
    if (route === 'upstream' || route === 'late') return c.body(toWeb(broken()))
    if (route === 'cut') {
      setTimeout(() => c.env.outgoing?.destroy(), 5)
      return c.body(toWeb(endless()))
    }
    if (route === 'refuse') c.env.outgoing?.destroy()
    return new Promise<Response>(() => {})
  })
  // Hono's own handler writes to the console.
  app.onError((_error, c) => c.text('', 500))
  return app
}

/** Node's own `toWeb` throws where nobody can catch it, when a body is left before its first chunk. */
function toWeb(stream: Readable): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => void stream.destroy(),
  })
}

export const frameworks: readonly Framework[] = [
  expressFramework('Express 5', express, []),
  expressFramework('Express 4', express4, ['reject', 'late']),
  nodeFramework,
  fastifyFramework,
  honoFramework,
]
