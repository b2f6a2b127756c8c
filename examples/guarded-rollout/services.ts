import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Flags } from '@sluice/sdk'
import type { ServiceMessage, ServiceOrder } from './service.ts'
import { openShop, type ShopOptions, type ShopSightings } from './shop.ts'

/** Whoever serves an act's users. */
export interface Services {
  readonly urls: readonly string[]
  /** Ends serving; answers what was seen, by all of them together. */
  close(): Promise<ShopSightings>
}

/** What the services of an act are told. */
export type ServicesOptions = Omit<ShopOptions, 'flags'>

/** Opens whoever serves an act's users. */
export type OpenServices = (options: ServicesOptions) => Promise<Services>

/** A shop in this process. */
export function serveHere(flags: Flags): OpenServices {
  return async (options) => {
    const shop = await openShop({ ...options, flags })
    return {
      urls: [shop.url],
      async close() {
        await shop.close()
        const { stable, canary } = flags.health(options.flag).read()
        return { ...shop.sightings, requests: stable.requests + canary.requests }
      },
    }
  }
}

/** Shops in processes of their own, which share nothing with this one but the store. */
export function serveInProcesses(
  count: number,
  { storeUrl, storeName }: Pick<ServiceOrder, 'storeUrl' | 'storeName'>,
): OpenServices {
  return async (options) => {
    const services = Array.from({ length: count }, (_, index) =>
      start({ ...options, storeUrl, storeName, processId: `shop-${index + 1}` }),
    )
    const serving = await Promise.all(services.map((service) => hear(service, 'serving')))
    return {
      urls: serving.map(({ url }) => url),
      async close() {
        const closed = services.map((service) => hear(service, 'closed'))
        for (const service of services) service.send('close')
        const all = (await Promise.all(closed)).map(({ sightings }) => sightings)
        await Promise.all(services.map(ended))
        return combine(all)
      },
    }
  }
}

function start(order: ServiceOrder): ChildProcess {
  return fork(fileURLToPath(new URL('service.ts', import.meta.url)), [JSON.stringify(order)])
}

/** Waits for a message; a service that dies first ends the wait, and the act. */
async function hear<Type extends ServiceMessage['type']>(
  service: ChildProcess,
  type: Type,
): Promise<ServiceMessage & { type: Type }> {
  const death = once(service, 'exit').then(([code]) => {
    throw new Error(`a service ended with ${code} before it was ${type}`)
  })
  const [message] = await Promise.race([once(service, 'message'), death])
  death.catch(() => {})
  return message as ServiceMessage & { type: Type }
}

async function ended(service: ChildProcess): Promise<void> {
  if (service.exitCode === null) await once(service, 'exit')
}

function combine(all: readonly ShopSightings[]): ShopSightings {
  const known = (times: (number | undefined)[]) => times.filter((time) => time !== undefined)
  const firstBad = known(all.map(({ firstBadAt }) => firstBadAt))
  const last = known(all.map(({ lastAt }) => lastAt))
  return {
    firstBadAt: firstBad.length === 0 ? undefined : Math.min(...firstBad),
    lastAt: last.length === 0 ? undefined : Math.max(...last),
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
  }
}
