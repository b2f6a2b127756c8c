/**
 * The log in a stream of NATS JetStream.
 *
 * @module
 */

import { isSluiceError, SluiceError } from '@sluice/core'
import type { Head } from './chain.ts'
import { compactLog } from './compact-log.ts'
import type { CompactableStore } from './compaction.ts'
import { appendCommit } from './nats/append-commit.ts'
import type {
  JetStreamLike,
  NatsConnectionLike,
  StreamSettings,
  StreamsLike,
} from './nats/client.ts'
import { toNatsError } from './nats/errors.ts'
import { createNatsExchange } from './nats/exchange.ts'
import { dropCommits, startLogAfter } from './nats/move-cut.ts'
import { nameStreams } from './nats/names.ts'
import { readLog } from './nats/read-log.ts'
import { createState } from './nats/state.ts'
import { assertSound, type CreateStreamsOptions, createStream, settingsOf } from './nats/streams.ts'
import { watchSubject } from './nats/watch.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Exchange } from './store.ts'

export type { JetStreamLike, NatsConnectionLike } from './nats/client.ts'
export type { CreateStreamsOptions } from './nats/streams.ts'

/** The application's client, and which log it is about. */
export interface NatsStoreOptions {
  /** From `connect()` of `@nats-io/transport-node`. Closing the store leaves it open. */
  readonly connection: NatsConnectionLike
  /** `jetstream(connection)` of `@nats-io/jetstream`; its `domain` and `timeout` are the store's. */
  readonly jetstream: JetStreamLike
  /** Which log; one server holds many. 1 to 200 bytes without white space and `. * > / \`. */
  readonly name: string
}

/** A store in NATS JetStream. */
export interface NatsStore extends CompactableStore {
  readonly exchange: Exchange
  /**
   * Makes the three streams of the log where they are not there. Called again, it changes nothing.
   *
   * @throws SluiceError `store_unsupported` where one is there that would lose commits.
   */
  createStreams(options?: CreateStreamsOptions): Promise<void>
}

/** The server's default (1 MiB), until it has told its own. */
const defaultMaxPayload = 1_048_576

/**
 * Creates a store over a JetStream stream in which the sequence of a message is its revision.
 *
 * An append is published on the condition that the stream ends right before it. The streams have to
 * be made once, by `createStreams` or by hand.
 *
 * Every method throws SluiceError `store_unreachable`, `store_unauthorized`, `store_missing`,
 * `store_full`, `store_unsupported` or `store_failed` with the remedy and the client's error as `cause`.
 *
 * @throws SluiceError `invalid_option`.
 */
export function createNatsStore({ connection, jetstream, name }: NatsStoreOptions): NatsStore {
  const names = nameStreams(name)
  const settings = settingsOf(names)
  const maxPayload = () => connection.info?.max_payload ?? defaultMaxPayload
  const watching = new Set<() => void>()
  let manager: ReturnType<JetStreamLike['jetstreamManager']> | undefined
  let checking: Promise<void> | undefined
  let isClosed = false

  /** A stream that drops commits by itself must not pass for a log. */
  async function check(streams: StreamsLike): Promise<void> {
    for (const expected of settings.slice(0, 2)) {
      assertSound(await streams.info(expected.name), expected)
    }
  }

  /** Calls with the streams, and turns whatever is thrown into an error of ours. */
  async function attempt<T>(doing: string, call: (streams: StreamsLike) => Promise<T>): Promise<T> {
    if (isClosed) throw new SluiceError('store_closed', `The NATS store ${name} is closed.`)
    try {
      manager ??= jetstream.jetstreamManager(false)
      const { streams } = await manager.catch((error: unknown) => {
        manager = undefined
        throw error
      })
      return await call(streams)
    } catch (error) {
      if (isSluiceError(error)) throw error
      // A connection closed for good knows why, and every call on it only that it is closed.
      const reason = connection.isClosed() ? await connection.closed() : undefined
      throw toNatsError(reason ?? error, `${doing} in the NATS log ${name}`)
    }
  }

  /** {@link attempt}, once the streams were found to be sound. */
  const use = <T>(doing: string, call: (streams: StreamsLike) => Promise<T>): Promise<T> =>
    attempt(doing, async (streams) => {
      checking ??= check(streams)
      try {
        await checking
      } catch (error) {
        // It may be mended the next time.
        checking = undefined
        throw error
      }
      return call(streams)
    })

  /** {@link attempt}, once more where a server that was alone has lost the exchange with its memory. */
  async function share<T>(doing: string, call: (streams: StreamsLike) => Promise<T>): Promise<T> {
    try {
      return await attempt(doing, call)
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'store_missing') throw error
    }
    await attempt(`make the exchange anew to ${doing}`, async (streams) => {
      // A log that was never made is not made by asking for its exchange, which is kept as often.
      const { config } = await streams.info(names.log)
      const exchange = settings[2] as StreamSettings
      await createStream(streams, { ...exchange, num_replicas: config.num_replicas })
    })
    return attempt(doing, call)
  }

  const stateIn = (streams: StreamsLike) => createState(jetstream, streams, names, maxPayload)

  const read = (after: number, limit = Number.POSITIVE_INFINITY): Promise<Commit[]> =>
    use('read', (streams) => readLog(streams, names, stateIn(streams).readCut, after, limit))

  const readSnapshot = () => use('read the snapshot', (streams) => stateIn(streams).readSnapshot())

  return {
    read,
    readSnapshot,

    append: (commit) =>
      use(`append revision ${commit.revision}`, (streams) =>
        appendCommit(jetstream, streams, names, maxPayload(), commit),
      ),

    async writeSnapshot(snapshot) {
      const doing = `write the snapshot of revision ${snapshot.revision}`
      await use(doing, (streams) =>
        stateIn(streams).writeSnapshot(checkSnapshot(snapshot, 'the snapshot handed in')),
      )
    },

    async compact(options) {
      const readCut = () => use('read the cut', (streams) => stateIn(streams).readCut())
      const drop = (cut: Head) =>
        use(`drop the commits up to ${cut.revision}`, (streams) =>
          dropCommits(streams, names, stateIn(streams), cut),
        )
      return compactLog({ read, readSnapshot, readCut, drop }, options)
    },

    startAfter: (cut) =>
      use(`begin after revision ${cut.revision}`, (streams) =>
        startLogAfter(jetstream, streams, names, stateIn(streams), cut),
      ),

    async watch(wake) {
      const stop = await attempt('watch', () => watchSubject(connection, names.wake, wake))
      watching.add(stop)
      return () => {
        watching.delete(stop)
        stop()
      }
    },

    exchange: {
      publish: (key, value, ttlMs) =>
        share(`publish ${key}`, (streams) =>
          createNatsExchange(jetstream, streams, names).publish(key, value, ttlMs),
        ),
      collect: (prefix) =>
        share(`collect ${prefix}`, (streams) =>
          createNatsExchange(jetstream, streams, names).collect(prefix),
        ),
    },

    createStreams: (options) =>
      attempt('make the streams', async (streams) => {
        for (const each of settingsOf(names, options)) await createStream(streams, each)
      }),

    async close() {
      isClosed = true
      for (const stop of watching) stop()
      watching.clear()
    },
  }
}
