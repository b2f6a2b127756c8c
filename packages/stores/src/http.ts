/**
 * The log behind HTTP: the store of a client, and the handler that serves a store; definitions from a URL.
 *
 * @module
 */

import type { Head } from './chain.ts'
import { compactLog } from './compact-log.ts'
import type { CompactableStore } from './compaction.ts'
import { checkExchange } from './exchange.ts'
import { inconsistent } from './http/answer-errors.ts'
import { createClient, type HttpClient, type HttpClientOptions } from './http/client.ts'
import { readCommits } from './http/read-commits.ts'
import { maxPageBytes, maxSnapshotBytes, wirePaths } from './http/wire.ts'
import { copyJson } from './json-copy.ts'
import { findCut } from './pages.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Exchange, SharedValue } from './store.ts'

export type { HttpDispatcher } from './http/dispatcher.ts'
export { type Access, type Authorize, type BearerTokens, bearer } from './log-handler/access.ts'
export {
  type NodeRequest,
  type NodeResponse,
  toNodeListener,
} from './log-handler/node-listener.ts'
export {
  createLogHandler,
  type LogHandler,
  type LogHandlerOptions,
  type WebRequest,
  type WebResponse,
} from './log-handler.ts'
export { type UrlSourceOptions, urlSource } from './url-source.ts'

/** Where the other Sluice log is, and how it is asked. */
export type HttpStoreOptions = HttpClientOptions

/**
 * Creates a store over the log of another Sluice process, which offers it by `createLogHandler`.
 *
 * An acknowledged commit is as durable as the store over there makes it. Every request is made once;
 * an append without an answer leaves its outcome open, and the replica reads the position back.
 *
 * Every method throws SluiceError `store_unreachable` (with `retryAfterMs` where the server named a
 * time), `store_unauthorized`, `store_missing`, `store_inconsistent`, or what the store over there threw.
 *
 * @throws SluiceError `invalid_url`, `invalid_token`.
 */
export function createHttpStore(options: HttpStoreOptions): CompactableStore {
  const client = createClient(options)

  const store: CompactableStore = {
    read: (after, limit = Number.POSITIVE_INFINITY) => readCommits(client, after, limit),

    async append(commit) {
      const { commits: path } = wirePaths
      const receipt = await client.call({ method: 'POST', path, body: commit })
      // Only the log knows the hash back; a page that some proxy serves to everything does not.
      if ((receipt as Partial<Commit> | undefined)?.hash !== commit.hash) {
        throw inconsistent(client.server, 'an append with something else than its receipt')
      }
    },

    watch: client.watch,

    async readSnapshot() {
      const found = await client.call({ path: wirePaths.snapshot, maxBytes: maxSnapshotBytes })
      return found === undefined ? undefined : checkSnapshot(found, client.server)
    },

    async writeSnapshot(snapshot) {
      const body = checkSnapshot(structuredClone(snapshot), 'this process')
      await client.call({ method: 'PUT', path: wirePaths.snapshot, body })
    },

    compact: (choice) =>
      compactLog({ ...store, readCut: () => findCut(store), drop: createDrop(client) }, choice),

    async startAfter({ revision, hash }) {
      await client.call({ method: 'POST', path: wirePaths.start, body: { revision, hash } })
    },

    exchange: createExchange(client),
    close: client.close,
  }
  return store
}

/** The server verifies the chain once more: it does not cut its log on a client's word. */
function createDrop(client: HttpClient): (cut: Head) => Promise<number> {
  return async ({ revision }) => {
    const { compaction: path } = wirePaths
    const done = await client.call({ method: 'POST', path, body: { keepAfter: revision } })
    const { dropped } = (done ?? {}) as { dropped?: unknown }
    if (typeof dropped === 'number') return dropped
    throw inconsistent(client.server, 'a compaction with something else than its result')
  }
}

/** The board of the store over there. */
function createExchange(client: HttpClient): Exchange {
  const { exchange: path } = wirePaths
  return {
    async publish(key, value, ttlMs) {
      checkExchange(key, ttlMs)
      const body = { key, value: copyJson(value, ''), ttlMs }
      await client.call({ method: 'POST', path, body })
    },

    async collect(prefix) {
      const query = `?prefix=${encodeURIComponent(prefix)}`
      const body = await client.call({ path: path + query, maxBytes: 2 * maxPageBytes })
      const { values } = (body ?? {}) as { values?: unknown }
      if (Array.isArray(values) && values.every(isShared)) return values
      throw inconsistent(client.server, 'something else than shared values')
    },
  }
}

function isShared(value: unknown): value is SharedValue {
  const { key } = (value ?? {}) as { key?: unknown }
  return typeof key === 'string' && 'value' in (value as object)
}
