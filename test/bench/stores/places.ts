import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { nats } from '../../services/nats.ts'
import { type OpenStore, openStore, serveStore } from '../../services/open-store.ts'
import { postgres } from '../../services/postgres.ts'
import { redis } from '../../services/redis.ts'
import type { ServiceKind } from '../../services/service.ts'

/** Where logs are kept, for as long as a measurement takes. */
export interface Place {
  readonly name: string
  /** Of the scheme that {@link openAt} takes. */
  readonly url: string
  /** The port of the server; undefined for files. */
  readonly port?: number
  end(): Promise<void>
}

/** Opens every place that this machine has; says of the others why not. */
export async function openPlaces(): Promise<{ places: Place[]; absent: string[] }> {
  const places: Place[] = []
  const absent: string[] = []
  const kinds: [string, ServiceKind][] = [
    ['redis', redis],
    ['nats', nats],
    ['postgres', postgres],
  ]
  for (const [name, kind] of kinds) {
    if (kind.binary === undefined) absent.push(`${kind.name}: ${kind.install}`)
    else {
      const service = await kind.start()
      places.push({ name, url: service.url, port: service.port, end: service.stop })
    }
  }
  const served = await serveStore(createMemoryStore())
  places.push({ name: 'http', url: served.url, port: served.port, end: served.close })
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  places.push({
    name: 'file',
    url: `file://${directory}`,
    end: () => rm(directory, { recursive: true, force: true }),
  })
  return { places, absent }
}

/** Opens a log at a place; HTTP serves one log, whatever its name. */
export async function openAt(url: string, log: string): Promise<OpenStore> {
  if (!url.startsWith('file:')) return openStore(url, log, 10_000)
  const store = createFileStore({ directory: `${new URL(url).pathname}/${log}`, create: true })
  return { store, close: () => store.close() }
}

/** A store that counts what it is asked. */
export function counted(store: Store): { store: Store; reads: () => number } {
  let reads = 0
  return {
    reads: () => reads,
    store: {
      ...store,
      read(after, limit) {
        reads += 1
        return store.read(after, limit)
      },
    },
  }
}
