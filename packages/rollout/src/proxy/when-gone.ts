import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Responses that wait behind others on their connection: Node does not tell them that it closed. */
const waiting = new WeakMap<Socket, Set<() => void>>()

/** Calls `gone` when the client leaves before its response is finished; perhaps more than once. */
export function whenGone(
  { socket }: IncomingMessage,
  response: ServerResponse,
  gone: () => void,
): void {
  const queue = response.socket === null ? queueOf(socket) : undefined
  queue?.add(gone)
  response.on('close', () => {
    queue?.delete(gone)
    if (!response.writableFinished) gone()
  })
}

/** One listener for each connection, however many requests a client sends ahead. */
function queueOf(socket: Socket): Set<() => void> {
  const known = waiting.get(socket)
  if (known !== undefined) return known
  const queue = new Set<() => void>()
  waiting.set(socket, queue)
  socket.on('close', () => {
    for (const gone of queue) gone()
    queue.clear()
  })
  return queue
}
