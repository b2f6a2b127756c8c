import type { CompactableStore, Store } from '@sluice/stores'
import type { World } from '../world.ts'
import type { ServerFacts } from './server-facts.ts'

/** A store that is open, and how to let go of it and of what it was opened over. */
export interface OpenStore {
  readonly store: Store | CompactableStore
  /** What it is called in messages: its address, without a password. */
  readonly name: string
  /** The folder of a file store. */
  readonly directory?: string
  /** Asks the server behind it; undefined where there is none. It rejects where the server does not tell. */
  readonly askServer?: () => Promise<ServerFacts>
  close(): Promise<void>
}

/** Where a store is looked for. */
export interface StorePlace {
  /** A folder, `file:./folder`, `redis://…?prefix=shop`, `postgres://…?table=…`, `nats://…?name=…`, `http(s)://…`. */
  readonly where: string
  /** What a relative folder starts from, and whose dependencies the clients are. */
  readonly folder: string
  /** `SLUICE_TOKEN` is the bearer token of a store over HTTP. */
  readonly env: World['env']
}
