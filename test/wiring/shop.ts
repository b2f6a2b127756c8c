import { once } from 'node:events'
import { Agent, type IncomingMessage, type RequestOptions, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHealthRecorder, type HealthRecorder } from '@sluice/guards'
import { type Flags, openFlags } from '@sluice/sdk'

const definitions = {
  newCheckout: {
    environments: ['production'],
    enabled: true,
    rollout: 0,
    rules: [{ if: { attribute: 'targetingKey', is: 'ann' } }],
  },
  newMenu: { environments: ['production'], enabled: true, rollout: 100 },
  newSearch: { environments: ['production'], enabled: true, rollout: 50 },
} as const

export type ShopFlags = Flags<typeof definitions>

/** Opens the flags of a shop: on for ann, off for everybody else. Time stands still in their counts. */
export function openShop() {
  let now = 0
  const recorders = new Map<string, HealthRecorder>()
  const health = (key: string): HealthRecorder => {
    const recorder = recorders.get(key) ?? createHealthRecorder({ now: () => now })
    recorders.set(key, recorder)
    return recorder
  }
  const flags: ShopFlags = Object.assign(openFlags({ definitions, environment: 'production' }), {
    health,
  })
  const recorder = health('newCheckout')
  return {
    flags,
    recorder,
    advance: (ms: number) => {
      now += ms
    },
    /** Requests and errors of each arm so far. */
    counts(key = 'newCheckout') {
      const { canary, stable } = health(key).read()
      return {
        canary: [canary.requests, canary.errors],
        stable: [stable.requests, stable.errors],
      }
    },
  }
}

/** A server that listens on the loopback. */
export interface Served {
  /** Calls it once, over a connection of its own unless an agent is named. */
  call(route: string, options?: RequestOptions): Call
  close(): Promise<void>
}

/** A call on its way. */
export interface Call {
  readonly sent: ReturnType<typeof request>
  /** The response, with its headers come and its body still to come. */
  readonly response: Promise<IncomingMessage>
  /** The status when everything has come, or "broken off". */
  readonly end: Promise<number | 'broken off'>
}

export async function serve(server: Server): Promise<Served> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    call(path, { headers, ...options } = {}) {
      const agent = new Agent()
      const sent = request({
        ...{ host: '127.0.0.1', port, path: `/${path}`, agent },
        headers: { 'x-user': 'ann', ...headers },
        ...options,
      })
      const response = once(sent, 'response').then(([found]) => found as IncomingMessage)
      const end = response.then(drain, () => 'broken off' as const)
      sent.end()
      return { sent, response, end }
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function drain(response: IncomingMessage): Promise<number | 'broken off'> {
  try {
    response.resume()
    await once(response, 'end')
    return response.statusCode as number
  } catch {
    return 'broken off'
  }
}
