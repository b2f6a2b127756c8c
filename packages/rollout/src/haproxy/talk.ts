import net from 'node:net'
import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'

/** Where HAProxy's runtime API listens: a Unix socket or TCP. */
export type HaproxyAddress =
  | { readonly socket: string; readonly tcp?: never }
  | { readonly tcp: { readonly host: string; readonly port: number }; readonly socket?: never }

/** What one exchange with the runtime API is limited by. */
export interface TalkOptions {
  readonly clock: Clock
  /** The whole exchange, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Sends one line of commands and reads the whole reply.
 *
 * Each line has a connection of its own: HAProxy ends it behind its last reply, so that a reply is complete when the
 * connection is, in however many pieces it came; and a HAProxy that restarted is reached like any other.
 *
 * @param line Commands separated by `;`. They run in order, and one that fails does not stop the next.
 * @throws SluiceError `haproxy_unreachable`, `haproxy_timeout`, `superseded` where the signal says so.
 */
export function talk(
  address: HaproxyAddress,
  line: string,
  { clock, timeoutMs, signal }: TalkOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const where = nameOf(address)
    if (signal.aborted) return reject(superseded(where))
    const socket = net.connect(
      address.socket === undefined ? { ...address.tcp } : { path: address.socket },
    )
    let reply = ''
    const cancel = clock.after(timeoutMs, () => end(timedOut(where, timeoutMs)), {
      keepsAlive: true,
    })
    const onAbort = () => end(superseded(where))
    signal.addEventListener('abort', onAbort)

    function end(error?: SluiceError): void {
      cancel()
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      if (error === undefined) resolve(reply)
      else reject(error)
    }

    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      reply += text
    })
    socket.once('error', (cause) => end(unreachable(where, cause)))
    socket.once('end', () => end(isWhole(reply) ? undefined : cut(where)))
    // Not ended from here: HAProxy takes a half-closed connection for one whose client is gone.
    socket.once('connect', () => void socket.write(`${line}\n`))
    socket.once('close', () => end(cut(where)))
  })
}

/**
 * Whether the reply is complete, and not cut by a HAProxy that ended: each command's reply ends in an empty
 * line, and the last one's, a table or a complaint, is never only that.
 */
function isWhole(reply: string): boolean {
  return reply.endsWith('\n\n') && reply.trim() !== ''
}

/** The address as people write it. */
export function nameOf(address: HaproxyAddress): string {
  return address.socket ?? `${address.tcp.host}:${address.tcp.port}`
}

function unreachable(where: string, cause: Error): SluiceError {
  return new SluiceError(
    'haproxy_unreachable',
    `HAProxy's runtime API at ${where} does not answer (${cause.message}). Is "stats socket ${where} level admin" in its global section, and may this process open it?`,
    { cause },
  )
}

function cut(where: string): SluiceError {
  return unreachable(where, new Error('the connection was cut'))
}

function timedOut(where: string, timeoutMs: number): SluiceError {
  return new SluiceError(
    'haproxy_timeout',
    `HAProxy's runtime API at ${where} did not answer within ${timeoutMs} ms.`,
  )
}

function superseded(where: string): SluiceError {
  return new SluiceError(
    'superseded',
    `Newer weights were asked for, or the router was closed, before ${where} answered.`,
  )
}
