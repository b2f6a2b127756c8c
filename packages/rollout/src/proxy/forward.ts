import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { Call } from '../dispatcher/call.ts'
import { follow } from '../dispatcher/follow.ts'
import type { Traffic } from '../dispatcher/traffic.ts'
import { answerError, statusOf } from './answer-error.ts'
import {
  type ForwardRules,
  isHeaderText,
  requestHeaders,
  responseHeaders,
  responseTrailers,
} from './headers.ts'
import { limitWaiting } from './limit-waiting.ts'
import type { RequestKey } from './sticky-cookie.ts'
import { whenGone } from './when-gone.ts'

/** Forwards one request to an origin of its arm and streams the answer back, as fast as the client reads it. */
export function forward(
  traffic: Traffic,
  rules: ForwardRules,
  request: IncomingMessage,
  response: ServerResponse,
  { key, setCookie }: RequestKey,
  sendTimeoutMs: number,
): void {
  const path = pathOf(request.url ?? '/')
  const headers = requestHeaders(request, rules, key)
  if (path === undefined || headers === undefined || traffic.isClosed()) {
    answerError(response, traffic.isClosed() ? 503 : 400)
    return
  }
  // Its body would arrive at the origin without a word of how it is coded.
  if (!/^(chunked)?$/i.test(request.headers['transfer-encoding'] ?? '')) {
    answerError(response, 501)
    return
  }
  const options: Dispatcher.DispatchOptions = {
    path,
    method: request.method as Dispatcher.HttpMethod,
    headers,
    body: hasBody(request) ? request : null,
  }
  const call = new Call(traffic, options, key)
  call.send(follow(new ResponseWriter(request, response, setCookie, sendTimeoutMs), call))
}

class ResponseWriter {
  private readonly response: ServerResponse
  private readonly setCookie: string | undefined
  private readonly sendTimeoutMs: number
  private controller: Dispatcher.DispatchController | undefined
  private isWaiting = false
  private isGone = false

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    setCookie: string | undefined,
    sendTimeoutMs: number,
  ) {
    this.response = response
    this.setCookie = setCookie
    this.sendTimeoutMs = sendTimeoutMs
    whenGone(request, response, () => {
      this.isGone = true
      this.controller?.abort(new ClientGone())
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    // The client may have left between two origins.
    if (this.isGone) controller.abort(new ClientGone())
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusMessage?: string,
  ): void {
    if (statusCode < 200) return
    const headers = responseHeaders((controller.rawHeaders ?? []) as Buffer[])
    if (this.setCookie !== undefined) headers.push('set-cookie', this.setCookie)
    this.response.writeHead(statusCode, reasonOf(statusMessage), headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.response.write(chunk) || this.isWaiting) return
    this.isWaiting = true
    controller.pause()
    const stopLimit = this.limit()
    this.response.once('drain', () => {
      stopLimit()
      this.isWaiting = false
      controller.resume()
    })
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const { rawTrailers } = controller
    if (Array.isArray(rawTrailers) && rawTrailers.length > 0) {
      this.response.addTrailers(responseTrailers(rawTrailers))
    }
    this.response.end()
    // Before Node's own listener, which gives an idle connection the limit that it has.
    if (this.response.writableLength > 0) this.response.prependOnceListener('finish', this.limit())
  }

  onResponseError(_controller: unknown, error: Error): void {
    answerError(this.response, statusOf(error))
  }

  /** @returns Ends it. */
  private limit(): () => void {
    const { response, sendTimeoutMs } = this
    let stop = () => {}
    const begin = (socket: Socket) => {
      stop = limitWaiting(socket, sendTimeoutMs, () => response.destroy())
    }
    // One that is behind another answer on its connection has its turn yet to come.
    if (response.socket === null) response.once('socket', begin)
    else begin(response.socket)
    return () => stop()
  }
}

/** A reason that is no Latin-1 cannot be written, and nobody needs it. */
function reasonOf(statusMessage = ''): string {
  return isHeaderText(statusMessage) ? statusMessage : ''
}

/** Why a call is given up where the client has left. */
class ClientGone extends Error {
  readonly code = 'UND_ERR_ABORTED'
}

/** Whether a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

/** The path of a request's target, where that names a server too; undefined for what has none, such as `*`. */
export function pathOf(target: string): string | undefined {
  if (target.startsWith('/')) return target
  if (!URL.canParse(target)) return undefined
  const { protocol, pathname, search } = new URL(target)
  return protocol === 'http:' || protocol === 'https:' ? pathname + search : undefined
}
