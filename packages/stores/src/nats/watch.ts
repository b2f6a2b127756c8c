import type { NatsConnectionLike } from './client.ts'

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
  try {
    // What is stored from here on wakes.
    await connection.flush()
  } catch (error) {
    stop()
    throw error
  }
  void wakeOnReconnect(connection, wake, () => isStopped)
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
