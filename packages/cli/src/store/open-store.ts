import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suggest, usageError } from '../usage-error.ts'
import { openHttp } from './open-http.ts'
import { openNats } from './open-nats.ts'
import { openPostgres } from './open-postgres.ts'
import { openRedis } from './open-redis.ts'
import type { OpenStore, StorePlace } from './store-contract.ts'

const schemes = ['file', 'redis', 'rediss', 'postgres', 'postgresql', 'nats', 'http', 'https']

/**
 * Opens the store at an address. Clients of servers are the application's own dependencies, and found
 * from its folder.
 *
 * @throws SluiceError `invalid_usage` for an address that is none; `store_driver_missing`;
 * `store_unreachable` where the client cannot connect.
 */
export async function openStore(place: StorePlace): Promise<OpenStore> {
  const { where, folder } = place
  const scheme = /^([a-z][a-z0-9+.-]+):/iu.exec(where)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return openFolder(resolve(folder, where))
    case 'file':
      return openFolder(folderOf(where, folder))
    case 'redis':
    case 'rediss':
      return openRedis(place)
    case 'postgres':
    case 'postgresql':
      return openPostgres(place)
    case 'nats':
      return openNats(place)
    case 'http':
    case 'https':
      return openHttp(place)
    default:
      throw usageError(
        `There is no store for ${scheme}: addresses.`,
        suggest(scheme, schemes) ?? 'A folder, redis://, postgres://, nats:// or https:// is one.',
      )
  }
}

/** The folder that a `file:` address names: absolute with three slashes, else relative. */
function folderOf(where: string, folder: string): string {
  return where.startsWith('file:///') ? fileURLToPath(where) : resolve(folder, where.slice(5))
}

async function openFolder(directory: string): Promise<OpenStore> {
  const { createFileStore } = await import('@sluice/stores/file')
  const store = createFileStore({ directory })
  return { store, name: directory, directory, close: () => store.close() }
}
