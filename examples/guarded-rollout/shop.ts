import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Flags } from '@sluice/sdk'

/** What the shop remembers of the canary, in epoch milliseconds. */
export interface CanarySightings {
  firstBadAt: number | undefined
  lastAt: number | undefined
}

/** What a shop saw in all. */
export interface ShopSightings extends CanarySightings {
  /** Counted by the flags, of both arms. */
  readonly requests: number
}

/** A running shop. */
export interface Shop {
  readonly url: string
  readonly sightings: CanarySightings
  close(): Promise<void>
}

/** How a shop is run. */
export interface ShopOptions {
  readonly flags: Flags
  /** The flag that chooses between the two handlers. */
  readonly flag: string
  readonly stableFailEvery: number
  readonly canaryFailEvery: number
  /** Default: any free one. */
  readonly port?: number
}

type Handler = () => Promise<number>

/**
 * Opens a shop: two handlers of one page, chosen per user by a flag, and `/metrics` for a Prometheus.
 */
export async function openShop(options: ShopOptions): Promise<Shop> {
  const { flags, flag, port = 0 } = options
  const sightings: CanarySightings = { firstBadAt: undefined, lastAt: undefined }
  const stable = createHandler(options.stableFailEvery)
  const canary = createHandler(options.canaryFailEvery)

  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      const { environment } = flags
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
      response.end(flags.health(flag).prometheusText({ flag, environment }))
      return
    }
    const user = { id: request.headers['x-user'] }
    void flags
      .guarded(flag, user, {
        on: () => canary().then((status) => send(response, 'canary', status)),
        off: () => stable().then((status) => send(response, 'stable', status)),
        isOk: (status) => status < 500,
      })
      .catch((error: unknown) => response.destroy(error as Error))
  })

  function send(response: ServerResponse, arm: string, status: number): number {
    if (arm === 'canary') {
      sightings.lastAt = Date.now()
      if (status >= 500) sightings.firstBadAt ??= sightings.lastAt
    }
    response.writeHead(status, { 'x-arm': arm, 'content-type': 'text/plain' })
    response.end(`${arm} ${status}\n`)
    return status
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sightings,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A page that takes a few milliseconds and fails one time in so many. */
function createHandler(failEvery: number): Handler {
  let served = 0
  return async () => {
    served += 1
    const isBad = Math.floor(served / failEvery) > Math.floor((served - 1) / failEvery)
    await sleep(2 + (served % 5))
    return isBad ? 500 : 200
  }
}
