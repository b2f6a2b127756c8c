import type { RequestOutcome } from './request-guard.ts'

/** What is used of a request of `node:http`, and what a user may be told by. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly socket: NodeSocket
}

/** What is used of a connection. */
export interface NodeSocket {
  readonly errored?: unknown
  readonly destroyed?: boolean
  readonly readableEnded: boolean
}

/** What is used of a response of `node:http`, or of `node:http2` in the same clothes. */
export interface NodeResponse {
  readonly statusCode: number
  readonly headersSent: boolean
  readonly writableFinished: boolean
  readonly destroyed?: boolean
  readonly errored?: unknown
  /** HTTP/2's own. */
  readonly stream?: { readonly rstCode?: number | undefined } | undefined
  once(event: 'finish' | 'close', listener: () => void): unknown
}

/**
 * With this code (RFC 9113, 7: CANCEL) Node sees a stream, or its connection, closed from the other side. A reset
 * connection has the code of an error of ours, and counts as one.
 */
const cancelled = 8

/**
 * Counts a response of `node:http` when it ends.
 *
 * It ends well or badly by its status once the last byte was handed to the system. If the client leaves earlier, it
 * counts by its status if the headers were sent, for it began well, and else as an error: nobody waits for ever for a
 * canary that hangs. A response that the server itself breaks off is an error.
 *
 * @param start Begins to count; it is not called where the client has left already.
 */
export function countResponse(
  { socket }: NodeRequest,
  response: NodeResponse,
  start: () => RequestOutcome,
): void {
  if (response.destroyed) return
  const outcome = start()
  response.once('finish', () => {
    if (isWhole(socket, response)) outcome.answered(response.statusCode)
  })
  response.once('close', () => {
    if (response.headersSent && hasClientLeft(socket, response)) {
      outcome.answered(response.statusCode)
    } else outcome.failed()
  })
}

/** What is broken off "finishes", too: over HTTP/2 always, else where its last bytes were still to be written. */
function isWhole({ destroyed }: NodeSocket, { writableFinished, stream }: NodeResponse): boolean {
  return stream?.rstCode === undefined ? !destroyed : stream.rstCode === 0 && writableFinished
}

/** Whether a response that is not whole was given up by the other side. */
function hasClientLeft(socket: NodeSocket, { errored, stream }: NodeResponse): boolean {
  if (stream?.rstCode !== undefined) return stream.rstCode === cancelled
  if (!socket.errored) return socket.readableEnded
  // A response that was destroyed with an error hands it on to its connection. A connection that breaks by itself has
  // one of the system's: ECONNRESET, EPIPE, ETIMEDOUT.
  return socket.errored !== errored && 'syscall' in (socket.errored as object)
}
