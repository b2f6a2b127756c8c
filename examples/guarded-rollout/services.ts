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
    const serving = await allOrNone(services, 'serving')
    return {
      urls: serving.map(({ url }) => url),
      async close() {
        // To one that died it cannot be said; that it died is found by hearing nothing from it.
        for (const service of services) service.send('close', () => {})
        const closed = await allOrNone(services, 'closed')
        await Promise.all(services.map(ended))
        return combine(closed.map(({ sightings }) => sightings))
      },
    }
  }
}

function start(order: ServiceOrder): ChildProcess {
  return fork(fileURLToPath(new URL('service.ts', import.meta.url)), [JSON.stringify(order)])
}

/** Hears every service; where one dies first, ends the others too. */
async function allOrNone<Type extends ServiceMessage['type']>(
  services: readonly ChildProcess[],
  type: Type,
): Promise<(ServiceMessage & { type: Type })[]> {
  try {
    return await Promise.all(services.map((service) => hear(service, type)))
  } catch (error) {
    for (const service of services) service.kill()
    throw error
  }
}

function hear<Type extends ServiceMessage['type']>(
  service: ChildProcess,
  type: Type,
): Promise<ServiceMessage & { type: Type }> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`a service ended before it was ${type}`))
    if (hasEnded(service)) return fail()
    service.once('exit', fail)
    service.once('message', (message) => {
      service.off('exit', fail)
      resolve(message as ServiceMessage & { type: Type })
    })
  })
}

async function ended(service: ChildProcess): Promise<void> {
  if (!hasEnded(service)) await once(service, 'exit')
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
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
