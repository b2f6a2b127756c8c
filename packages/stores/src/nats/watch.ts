import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsConnectionLike } from './client.ts'

/** The client subscribes anew by itself when it is connected again; that is not waited for. */
const longestFlushMs = 1_000

/**
 * Calls `wake` for each message on a subject, and after each reconnect, for what was missed.
 *
 * @returns what ends it; may be called twice.
 */
export async function watchSubject(
  connection: NatsConnectionLike,
  subject: string,
  wake: () => void,
): Promise<() => void> {
  let isStopped = false
  const subscription = connection.subscribe(subject, {
    callback(error) {
      // A subscription that is not allowed: the poll finds everything, later.
      if (error === null && !isStopped) wake()
    },
  })
  const stop = () => {
    if (isStopped) return
    isStopped = true
    subscription.unsubscribe()
  }
  void wakeOnReconnect(connection, wake, () => isStopped)
  // What is stored from here on wakes; while there is no connection, what comes after the next one.
  const isSubscribed = connection.flush().catch(() => {})
  await Promise.race([isSubscribed, sleep(longestFlushMs, undefined, { ref: false })])
  return stop
}

/** Ends with the first event after the stop: the client pings every two minutes. */
async function wakeOnReconnect(
  connection: NatsConnectionLike,
  wake: () => void,
  isStopped: () => boolean,
): Promise<void> {
  try {
    for await (const { type } of connection.status()) {
      if (isStopped()) return
      if (type === 'reconnect') wake()
    }
  } catch {
    // Told by the next call on the connection.
  }
}
