import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/**
 * Breaks off a client for whom something waits and who reads nothing of it for a time. A slow one is let be: the socket's own
 * limit counts from the last byte that left, in the middle of a long write too.
 *
 * @param limitMs 0: for ever.
 * @returns Ends the watch, and gives the socket back the limit it had.
 */
export function limitWaiting(socket: Socket, limitMs: number, breakOff: () => void): () => void {
  if (limitMs === 0) return () => {}
  const before = socket.timeout ?? 0
  socket.once('timeout', breakOff)
  socket.setTimeout(limitMs)
  return () => {
    socket.off('timeout', breakOff)
    socket.setTimeout(before)
  }
}

/** `source.pipe(client)` under {@link limitWaiting}. */
export function pipeLimited(source: Readable, client: Socket, limitMs: number): void {
  source.pipe(client)
  source.on('data', () => {
    if (!client.writableNeedDrain) return
    const stop = limitWaiting(client, limitMs, () => client.destroy())
    client.once('drain', stop)
  })
}
