import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asArm, guardCalls } from '@sluice/sdk/undici'
import { Agent, type Dispatcher, fetch, interceptors, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../contracts/until.ts'
import { broken, endless, threeChunks } from './routes.ts'
import { openShop } from './shop.ts'

let shop: ReturnType<typeof openShop>
let server: ReturnType<typeof createServer>
let url: string
let entered: string[]
const agents: Agent[] = []

beforeEach(async () => {
  shop = openShop()
  entered = []
  server = createServer(answer)
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\nconnection: upgrade\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await shop.flags.close()
})

function answer({ url: path = '' }: IncomingMessage, response: ServerResponse): void {
  entered.push(path)
  const status = Number(path.slice(1, 4))
  if (status > 0) response.writeHead(status).end('an answer')
  else if (path === '/stream') threeChunks().pipe(response)
  else if (path === '/endless') endless().pipe(response)
  else if (path === '/early') {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () =>
      response.writeHead(503).end('an answer'),
    )
  } else if (path === '/cut') {
    response.writeHead(200, { 'content-length': '100' })
    broken()
      .on('data', (chunk) => response.write(chunk))
      .on('error', () => response.destroy())
  } else if (path === '/refuse') response.destroy()
}

function open(options: Agent.Options = {}): Agent {
  const agent = new Agent(options)
  agents.push(agent)
  return agent
}

/** What a call is given here. */
interface Given {
  readonly dispatcher: Dispatcher
  readonly signal: AbortSignal
}

/** Calls that are ann's, and so the canary's. */
const byAnn = (agent = open()) =>
  agent.compose(guardCalls(shop.flags, 'newCheckout', { user: () => 'ann' }))

async function counted() {
  await until(() => shop.counts().canary[0]! + shop.counts().stable[0]! > 0)
  return shop.counts()
}

/** The status and the whole body, by the given client. */
async function byRequest(path: string, dispatcher: Dispatcher): Promise<unknown> {
  const { statusCode, body } = await request(url + path, { dispatcher })
  await body.text()
  return statusCode
}
async function byFetch(path: string, dispatcher: Dispatcher): Promise<unknown> {
  const response = await fetch(url + path, { dispatcher })
  await response.text()
  return response.status
}

describe.each([
  ['request', byRequest],
  ['fetch', byFetch],
] as const)('a guard of calls by undici’s %s', (_name, call) => {
  it.each([
    ['/200', 0],
    ['/204', 0],
    ['/404', 0],
    ['/503', 1],
    ['/stream', 0],
  ] as const)('counts what ends: %s', async (path, errors) => {
    await call(path, byAnn())
    expect(await counted()).toEqual({ canary: [1, errors], stable: [0, 0] })
  })

  it.each(['/cut', '/refuse'])('counts as an error what breaks off: %s', async (path) => {
    await expect(call(path, byAnn())).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })

  it('counts as an error what finds nobody', async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(call('/200', byAnn())).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
    server.listen(0)
  })

  it('counts as an error a body that stops coming', async () => {
    await expect(call('/endless', byAnn(open({ bodyTimeout: 20 })))).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })
})

describe('a guard of calls', () => {
  it('counts as an error headers that do not come in time', async () => {
    await expect(byRequest('/hang', byAnn(open({ headersTimeout: 20 })))).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })

  it('takes no hint for the answer', async () => {
    await byRequest('/early', byAnn())
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })

  it('counts as an error what hangs until its caller gives up', async () => {
    const caller = new AbortController()
    const call = request(`${url}/hang`, { dispatcher: byAnn(), signal: caller.signal })
    await until(() => entered.length > 0)
    caller.abort()
    await expect(call).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 1], stable: [0, 0] })
  })

  it.each([
    ['given up', () => new DOMException('enough', 'AbortError'), 0],
    ['not served in time', () => new DOMException('too late', 'TimeoutError'), 1],
  ] as const)('counts a body that is %s', async (_what, reason, errors) => {
    const open = [
      async (options: Given) => (await request(`${url}/endless`, options)).body,
      (options: Given) => fetch(`${url}/endless`, options),
    ]
    for (const each of open) {
      const caller = new AbortController()
      const body = await each({ dispatcher: byAnn(), signal: caller.signal })
      caller.abort(reason())
      await expect(body.text()).rejects.toThrow()
    }
    await until(() => shop.counts().canary[0] === 2)
    expect(shop.counts()).toEqual({ canary: [2, 2 * errors], stable: [0, 0] })
  })

  it('counts by its status a body that nobody wants', async () => {
    const { body } = await request(`${url}/endless`, { dispatcher: byAnn() })
    body.destroy()
    await expect(body.text()).rejects.toThrow()
    expect(await counted()).toEqual({ canary: [1, 0], stable: [0, 0] })
  })

  it('counts as one error what hangs for longer than the recorder allows', async () => {
    const caller = new AbortController()
    const call = request(`${url}/hang`, { dispatcher: byAnn(), signal: caller.signal })
    await until(() => entered.length > 0)
    shop.advance(29_999)
    expect(shop.counts().canary).toEqual([0, 0])
    shop.advance(1)
    expect(shop.counts().canary).toEqual([1, 1])
    caller.abort()
    await expect(call).rejects.toThrow()
    expect(shop.counts().canary).toEqual([1, 1])
  })

  it('counts each try inside of retries, and one outcome around them', async () => {
    const retry = interceptors.retry({ maxRetries: 2, minTimeout: 1, maxTimeout: 1 })
    const guard = guardCalls(shop.flags, 'newCheckout', { user: () => 'ann' })
    await expect(byRequest('/503', open().compose(guard, retry))).rejects.toThrow()
    await until(() => shop.counts().canary[0]! >= 3)
    expect(shop.counts().canary).toEqual([3, 3])
    await expect(byRequest('/503', open().compose(retry, guard))).rejects.toThrow()
    await until(() => shop.counts().canary[0]! >= 4)
    expect(shop.counts().canary).toEqual([4, 4])
  })

  it('counts no connection that is upgraded', async () => {
    const dispatcher = byAnn()
    const { socket } = await dispatcher.upgrade({ path: '/', origin: url } as never)
    socket.destroy()
    await byRequest('/200', dispatcher)
    shop.advance(30_000)
    expect(await counted()).toEqual({ canary: [1, 0], stable: [0, 0] })
  })
})

describe('the arm of a call', () => {
  it('is said by the call itself, before anything else is asked', async () => {
    const never = () => expect.unreachable('asked')
    const guard = guardCalls(shop.flags, 'newCheckout', { arm: never, user: never })
    const dispatcher = open().compose(guard)
    for (const arm of ['canary', 'stable', 'stable'] as const) {
      const { body } = await request(`${url}/503`, { dispatcher, ...asArm(arm, { id: arm }) })
      await body.dump()
    }
    await until(() => shop.counts().stable[0] === 2)
    expect(shop.counts()).toEqual({ canary: [1, 1], stable: [2, 2] })
    expect(shop.recorder.read().stable).toMatchObject({ failedUnits: 1 })
  })

  it('stays with the call when it is tried again', async () => {
    const retry = interceptors.retry({ maxRetries: 1, minTimeout: 1, maxTimeout: 1 })
    const dispatcher = open().compose(guardCalls(shop.flags, 'newCheckout'), retry)
    const call = request(`${url}/503`, { dispatcher, ...asArm('canary') })
    await expect(call).rejects.toThrow()
    await until(() => shop.counts().canary[0]! >= 2)
    expect(shop.counts()).toEqual({ canary: [2, 2], stable: [0, 0] })
  })

  it('is told by a function of the call', async () => {
    const guard = guardCalls(shop.flags, 'newCheckout', {
      arm: ({ path, method }) => {
        if (path === '/404') throw new Error('no arm')
        if (method === 'HEAD') return undefined
        return path === '/200' ? 'canary' : 'stable'
      },
    })
    const dispatcher = open().compose(guard)
    for (const path of ['/404', '/200', '/204', '/204']) await byRequest(path, dispatcher)
    await request(`${url}/200`, { dispatcher, method: 'HEAD' })
    await until(() => shop.counts().stable[0] === 2)
    shop.advance(30_000)
    expect(shop.counts()).toEqual({ canary: [1, 0], stable: [2, 0] })
  })

  it('is the flag’s for the user, and there is none for nobody', async () => {
    const users = new AsyncLocalStorage<string>()
    const guard = guardCalls(shop.flags, 'newCheckout', { user: () => users.getStore() })
    const dispatcher = open().compose(guard)
    for (const user of ['ann', 'bob', 'cid']) await users.run(user, byRequest, '/200', dispatcher)
    await byRequest('/200', dispatcher)
    await until(() => shop.counts().stable[0] === 2)
    shop.advance(30_000)
    expect(shop.counts()).toEqual({ canary: [1, 0], stable: [2, 0] })
    expect(shop.recorder.read().stable.units).toBe(2)
  })

  it('is counted without a unit where the user keeps the key secret', async () => {
    const secretive = {
      get id(): string {
        throw new Error('a secret')
      },
    }
    const options = { arm: () => 'canary' as const, user: () => secretive }
    const dispatcher = open().compose(guardCalls(shop.flags, 'newCheckout', options))
    await byRequest('/503', dispatcher)
    const { body } = await request(`${url}/503`, { dispatcher, ...asArm('stable', secretive) })
    await body.dump()
    await until(() => shop.counts().stable[0] === 1)
    expect(shop.counts()).toEqual({ canary: [1, 1], stable: [1, 1] })
  })

  it('takes the status for what the application says', async () => {
    const options = { user: () => 'ann', isError: (status: number) => status === 404 }
    const dispatcher = open().compose(guardCalls(shop.flags, 'newCheckout', options))
    for (const path of ['/404', '/503']) await byRequest(path, dispatcher)
    await until(() => shop.counts().canary[0] === 2)
    expect(shop.counts().canary).toEqual([2, 1])
  })

  it('is refused where it is no function', () => {
    expect(() => guardCalls(shop.flags, 'newCheckout', { arm: 'canary' } as never)).toThrowError(
      expect.objectContaining({ code: 'invalid_request_guard', pointer: '/arm' }),
    )
    expect(() => guardCalls(shop.flags, 'newCheckout', { user: 'ann' } as never)).toThrowError(
      expect.objectContaining({ code: 'invalid_request_guard', pointer: '/user' }),
    )
  })
})
