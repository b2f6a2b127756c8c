import type {
  IoredisSubscriber,
  NodeRedisSubscriber,
  RedisClient,
  RedisSubscriber,
} from './client.ts'

/** A subscription to the wake-ups of a log. */
export interface Subscription {
  /** Resolves once the server has confirmed it. Rejects where it ended before. */
  readonly ready: Promise<void>
  /** Whether it is over, so that only a new one would bring wake-ups. */
  isOver(): boolean
  /** Ends it, and its connection unless that was handed in. */
  end(): void
}

/**
 * Subscribes to a channel, for good: after each reconnection the client subscribes again, and wakes
 * once for what may have been missed.
 *
 * A connection that subscribes can do nothing else. Unless one is handed in, it is a duplicate of
 * the client, and its errors are not the application's: a lost wake-up costs one poll.
 */
export function subscribe(
  client: RedisClient,
  handedIn: RedisSubscriber | undefined,
  channel: string,
  wake: () => void,
): Subscription {
  const subscriber = handedIn ?? client.duplicate()
  const isOwn = handedIn === undefined
  const life = createLife()
  // It stays on an own connection: an error that comes late must not end the process.
  subscriber.on('error', ignore)
  subscriber.on('end', life.end)
  const stop =
    'destroy' in subscriber
      ? viaNodeRedis(subscriber, isOwn, channel, wake, life)
      : viaIoredis(subscriber, isOwn, channel, wake, life)

  return {
    ready: life.ready,
    isOver: life.isOver,
    end() {
      stop()
      life.end()
      if (isOwn) return
      subscriber.off('error', ignore)
      subscriber.off('end', life.end)
    },
  }
}

const ignore = () => {}

/** Whether a subscription has begun, and whether it is over. */
interface Life extends Omit<Subscription, 'end'> {
  begin(): void
  end(reason?: unknown): void
}

function createLife(): Life {
  let isOver = false
  let settle: Pick<Life, 'begin' | 'end'> = { begin: ignore, end: ignore }
  const ready = new Promise<void>((resolve, reject) => {
    settle = { begin: resolve, end: reject }
  })
  return {
    ready,
    isOver: () => isOver,
    begin: () => settle.begin(),
    end(reason = new Error('The connection was closed.')) {
      isOver = true
      settle.end(reason)
    },
  }
}

/** @returns a function that ends it. */
function viaNodeRedis(
  subscriber: NodeRedisSubscriber,
  isOwn: boolean,
  channel: string,
  wake: () => void,
  life: Life,
): () => void {
  const listener = () => wake()
  subscriber.on('ready', listener)

  async function begin(): Promise<void> {
    if (isOwn) await subscriber.connect()
    // Destroyed while it tried to connect, the client resolves all the same.
    if (!life.isOver()) await subscriber.subscribe(channel, listener)
    life.begin()
  }
  begin().catch(life.end)

  // It throws where the connection is closed already, and a Sentinel client answers with a promise.
  async function destroy(): Promise<void> {
    await subscriber.destroy()
  }

  return () => {
    subscriber.off('ready', listener)
    if (!isOwn) {
      subscriber.unsubscribe(channel, listener).catch(ignore)
      return
    }
    destroy().catch(ignore)
  }
}

/** @returns a function that ends it. */
function viaIoredis(
  subscriber: IoredisSubscriber,
  isOwn: boolean,
  channel: string,
  wake: () => void,
  life: Life,
): () => void {
  const onMessage = (on: string) => {
    if (on === channel) wake()
  }
  // Only once it is ready, since the application may have switched off the client's queue.
  const onReady = () => {
    subscriber.subscribe(channel).then(() => {
      life.begin()
      wake()
    }, life.end)
  }
  subscriber.on('message', onMessage)
  subscriber.on('ready', onReady)
  if (subscriber.status === 'ready') onReady()
  else if (subscriber.status === 'wait') subscriber.connect().catch(ignore)

  return () => {
    subscriber.off('message', onMessage)
    subscriber.off('ready', onReady)
    if (isOwn) subscriber.disconnect()
    else subscriber.unsubscribe(channel).catch(ignore)
  }
}
