import { usageError } from '../usage-error.ts'
import { connectMs, loadDriver, unreachable, withinPatience } from './connect.ts'
import type { RedisPackage } from './drivers.ts'
import { askRedis } from './server-facts.ts'
import { nameOf, parseAddress, takeSetting } from './store-address.ts'
import type { OpenStore, StorePlace } from './store-contract.ts'

export async function openRedis({ where, folder }: StorePlace): Promise<OpenStore> {
  const url = parseAddress(where)
  const prefix = takeSetting(url, 'prefix') ?? 'sluice'
  const name = nameOf(url)
  const redis = await loadDriver<RedisPackage>('redis', name, folder)
  const { createRedisStore } = await import('@sluice/stores/redis')
  const client = createRedisClient(redis, url)
  client.on('error', () => {})
  await withinPatience(client.connect()).catch((cause: unknown) => {
    throw unreachable(name, cause)
  })
  const store = createRedisStore({ client, prefix })
  return {
    store,
    name,
    askServer: () => askRedis(client),
    async close() {
      await store.close()
      client.destroy()
    },
  }
}

function createRedisClient({ createClient }: RedisPackage, url: URL) {
  try {
    return createClient({
      url: url.href,
      disableOfflineQueue: true,
      // A person waits: the first connection succeeds or fails, and is not tried for ever.
      socket: { connectTimeout: connectMs, reconnectStrategy: false },
    })
  } catch (cause) {
    throw usageError(
      `${nameOf(url)} is no address that the package redis takes: ${(cause as Error).message}.`,
      'It looks like redis://host:6379/0?prefix=shop',
    )
  }
}
