import type { Exchange } from './request-guard.ts'

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
  readonly readableEnded: boolean
}

/** What is used of a response of `node:http`. */
export interface NodeResponse {
  readonly statusCode: number
  readonly headersSent: boolean
  readonly destroyed?: boolean
  readonly errored?: unknown
  once(event: 'finish' | 'close', listener: () => void): unknown
}

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
  start: () => Exchange,
): void {
  if (response.destroyed) return
  const exchange = start()
  response.once('finish', () => {
    // What was still to be written when the server broke off is "finished", too.
    if (response.errored) exchange.failed()
    else exchange.answered(response.statusCode)
  })
  response.once('close', () => {
    if (response.headersSent && hasClientLeft(socket, response)) {
      exchange.answered(response.statusCode)
    } else exchange.failed()
  })
}

/** Whether a response that did not finish was given up by the other side. */
function hasClientLeft({ errored, readableEnded }: NodeSocket, response: NodeResponse): boolean {
  if (!errored) return readableEnded
  // A response that was destroyed with an error hands it on to its connection. A connection that breaks by itself has
  // one of the system's: ECONNRESET, EPIPE, ETIMEDOUT.
  return errored !== response.errored && 'syscall' in (errored as object)
}
