import type {
  IoredisSubscriber,
  NodeRedisSubscriber,
  RedisClient,
  RedisSubscriber,
} from './client.ts'

/** A subscription to the wake-ups of a log. */
export interface Subscription {
  /** Resolves once the server has confirmed it. Rejects where the client has given up. */
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
  return 'destroy' in subscriber
    ? viaNodeRedis(subscriber, isOwn, channel, wake)
    : viaIoredis(subscriber, isOwn, channel, wake)
}

const ignore = () => {}

function viaNodeRedis(
  subscriber: NodeRedisSubscriber,
  isOwn: boolean,
  channel: string,
  wake: () => void,
): Subscription {
  let isOver = false
  const onEnd = () => {
    isOver = true
  }
  const listener = () => wake()
  subscriber.on('ready', listener)
  subscriber.on('end', onEnd)
  subscriber.on('error', ignore)

  async function begin(): Promise<void> {
    if (isOwn) await subscriber.connect()
    await subscriber.subscribe(channel, listener)
  }

  function end(): void {
    if (isOwn) {
      // It throws where the connection is closed already.
      if (!isOver) subscriber.destroy()
    } else {
      subscriber.unsubscribe(channel, listener).catch(ignore)
    }
    isOver = true
    subscriber.off('ready', listener)
    subscriber.off('end', onEnd)
    // The listener for errors stays on an own connection: one that comes late must not end the process.
    if (!isOwn) subscriber.off('error', ignore)
  }

  return { ready: begin(), isOver: () => isOver, end }
}

function viaIoredis(
  subscriber: IoredisSubscriber,
  isOwn: boolean,
  channel: string,
  wake: () => void,
): Subscription {
  let isOver = false
  let settle = { resolve: ignore as () => void, reject: ignore as (reason: unknown) => void }
  const ready = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  const onMessage = (on: string) => {
    if (on === channel) wake()
  }
  // Only once it is ready, since the application may have switched off the client's queue.
  const onReady = () => {
    subscriber.subscribe(channel).then(() => {
      settle.resolve()
      wake()
    }, settle.reject)
  }
  const onEnd = () => {
    isOver = true
    settle.reject(new Error('Connection is closed.'))
  }
  subscriber.on('message', onMessage)
  subscriber.on('ready', onReady)
  subscriber.on('end', onEnd)
  subscriber.on('error', ignore)
  if (subscriber.status === 'ready') onReady()
  else if (subscriber.status === 'wait') subscriber.connect().catch(ignore)

  function end(): void {
    isOver = true
    subscriber.off('message', onMessage)
    subscriber.off('ready', onReady)
    if (isOwn) {
      subscriber.disconnect()
      return
    }
    subscriber.off('end', onEnd)
    subscriber.off('error', ignore)
    subscriber.unsubscribe(channel).catch(ignore)
  }

  return { ready, isOver: () => isOver, end }
}
