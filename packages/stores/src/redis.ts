/**
 * The log in a stream of Redis.
 *
 * @module
 */

import { SluiceError } from '@sluice/core'
import { genesis, type Head } from './chain.ts'
import { compactLog } from './compact-log.ts'
import { type CompactableStore, createNotEmptyError } from './compaction.ts'
import { parseJson } from './parse-json.ts'
import { appendCommit } from './redis/append-commit.ts'
import type { RedisClient, RedisSubscriber } from './redis/client.ts'
import { readCommits, toHead } from './redis/commits.ts'
import { toRedisError } from './redis/errors.ts'
import { createRedisExchange } from './redis/exchange.ts'
import { nameKeys } from './redis/keys.ts'
import { runScript, type Script } from './redis/run-script.ts'
import {
  dropScript,
  fieldsScript,
  readScript,
  snapshotScript,
  startScript,
} from './redis/scripts.ts'
import { type Subscription, subscribe } from './redis/subscription.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Exchange } from './store.ts'

export type {
  IoredisClient,
  IoredisSubscriber,
  NodeRedisClient,
  NodeRedisSubscriber,
  RedisClient,
  RedisSubscriber,
  ScriptOptions,
} from './redis/client.ts'

/** Where a Redis store keeps its log. */
export interface RedisStoreOptions {
  /** A client of `redis` 5 or 6 (connected) or `ioredis` 5, single or cluster. The store never closes it. */
  readonly client: RedisClient
  /** Begins the name of every key, so that logs can share a server. Default `sluice`. */
  readonly prefix?: string | undefined
  /**
   * A client of the same kind to receive wake-ups on, connected, which the store never closes.
   * Default: the store duplicates `client` for the first `watch` and closes that duplicate.
   */
  readonly subscriber?: RedisSubscriber | undefined
}

/** A store that can be compacted and has an exchange. */
export interface RedisStore extends CompactableStore {
  readonly exchange: Exchange
}

/** Commits dropped per script: long enough to be quick, short enough not to hold up other clients. */
const dropSize = 1_000

/**
 * Creates a store over Redis 6.2 or newer. Nothing is sent before the first call.
 *
 * An append is acknowledged when the server has answered; docs/stores/redis.md says which of its
 * settings make that durable.
 *
 * Every method throws SluiceError `store_unreachable`, `store_unauthorized`, `store_full`,
 * `store_read_only` or `store_failed` with the remedy and the client's error as `cause`.
 *
 * @throws SluiceError `invalid_prefix`.
 */
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { client, prefix = 'sluice' } = options
  const keys = nameKeys(prefix)
  const wakes = new Set<() => void>()
  let subscription: Subscription | undefined
  let isClosed = false

  function assertOpen(): void {
    if (isClosed) throw new SluiceError('store_closed', `The Redis store ${prefix} is closed.`)
  }

  async function run(script: Script, names: string[], args: string[], doing: string) {
    assertOpen()
    try {
      return await runScript(client, script, names, args)
    } catch (cause) {
      throw toRedisError(cause, doing)
    }
  }

  async function readFields(key: string, fields: string[], doing: string): Promise<unknown[]> {
    return (await run(fieldsScript, [key], fields, doing)) as unknown[]
  }

  async function readCut(): Promise<Head> {
    const [revision, hash] = await readFields(keys.cut, ['revision', 'hash'], 'read the cut')
    return toHead(revision, hash) ?? genesis
  }

  async function drop(cut: Head): Promise<number> {
    if (cut.revision === 0) return 0
    const args = [`${cut.revision}`, cut.hash, `${dropSize}`]
    let dropped = 0
    for (;;) {
      const answer = await run(dropScript, [keys.log, keys.cut], args, 'drop commits')
      const [count, isAll] = (answer as unknown[]).map(Number)
      dropped += count ?? 0
      if (isAll === 1) return dropped
    }
  }

  const store: RedisStore = {
    async read(after, limit = Number.POSITIVE_INFINITY) {
      const doing = `read after revision ${after}`
      const names = [keys.log, keys.cut]
      return readCommits((args) => run(readScript, names, args, doing), after, limit)
    },

    async append(commit) {
      assertOpen()
      return appendCommit(client, keys, commit)
    },

    async watch(wake) {
      assertOpen()
      // Wrapped, so that the same function may watch twice.
      const entry = () => wake()
      const wakeAll = () => {
        for (const each of wakes) each()
      }
      wakes.add(entry)
      if (subscription?.isOver() !== false) {
        subscription?.end()
        subscription = subscribe(client, options.subscriber, keys.channel, wakeAll)
      }
      const current = subscription
      try {
        await current.ready
      } catch (cause) {
        wakes.delete(entry)
        current.end()
        assertOpen()
        throw toRedisError(cause, 'subscribe to wake-ups')
      }
      return () => void wakes.delete(entry)
    },

    async readSnapshot() {
      const [text] = await readFields(keys.snapshot, ['text'], 'read the snapshot')
      return text === null
        ? undefined
        : checkSnapshot(parseJson(`${text}`), `Redis, ${keys.snapshot}`)
    },

    async writeSnapshot(snapshot) {
      assertOpen()
      const text = JSON.stringify(checkSnapshot(structuredClone(snapshot), 'memory'))
      await run(snapshotScript, [keys.snapshot], [`${snapshot.revision}`, text], 'keep a snapshot')
    },

    async compact(compaction) {
      assertOpen()
      return compactLog({ ...store, readCut, drop }, compaction)
    },

    async startAfter(cut) {
      const args = [`${cut.revision}`, cut.hash]
      const answer = await run(startScript, [keys.log, keys.cut], args, 'begin a log')
      if (Number(answer) === 0) throw createNotEmptyError()
    },

    exchange: createRedisExchange((script, args, doing) =>
      run(script, [keys.shared, keys.sharedUntil], args, doing),
    ),

    async close() {
      isClosed = true
      wakes.clear()
      subscription?.end()
      subscription = undefined
    },
  }
  return store
}
