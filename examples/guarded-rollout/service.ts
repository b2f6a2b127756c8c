// One of the services that share a rollout: it knows its store, serves its shop, and counts. What it
// counts reaches the controller by way of the store, and the sightings its parent by a message.
import { openFlags } from '@sluice/sdk'
import { openDemoStore } from './open-store.ts'
import { definitions } from './settings.ts'
import { openShop, type ShopSightings } from './shop.ts'

/** What a service is told when it is started. */
export interface ServiceOrder {
  readonly processId: string
  readonly storeUrl: string
  readonly storeName: string
  readonly flag: string
  readonly stableFailEvery: number
  readonly canaryFailEvery: number
  /** Default: any free one. */
  readonly port?: number
}

/** What a service tells: where it serves, and in the end what it saw. */
export type ServiceMessage =
  | { readonly type: 'serving'; readonly url: string }
  | { readonly type: 'closed'; readonly sightings: ShopSightings }

const order = JSON.parse(process.argv[2] ?? '{}') as ServiceOrder
const { store, close } = await openDemoStore(order.storeUrl, order.storeName)
const { processId, flag } = order
const flags = openFlags({ store, environment: 'production', definitions, processId })
flags.on('error', ({ message }) => process.stderr.write(`${processId}: ${message}\n`))
await flags.ready()
const shop = await openShop({ ...order, flags })
tell({ type: 'serving', url: shop.url })

process.once('message', async () => {
  await shop.close()
  const { stable, canary } = flags.health(flag as keyof typeof definitions).read()
  tell({
    type: 'closed',
    sightings: { ...shop.sightings, requests: stable.requests + canary.requests },
  })
  await end()
})
process.once('disconnect', end)

async function end(): Promise<void> {
  await flags.close()
  await close()
  process.exit(0)
}

function tell(message: ServiceMessage): void {
  process.send?.(message)
}
