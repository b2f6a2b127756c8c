import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Call } from './call.ts'

type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Handler['onResponseStart']>>[2]

/**
 * The same handler, whose call is followed to its end, and sent again where that may be.
 *
 * undici 7 has two kinds of handlers; the calls of its own API, and those of Node's fetch, bring the older kind. Each is
 * followed as it is, for to translate it costs more than to send the request.
 */
export function follow(handler: Handler, call: Call): Handler {
  return handler.onRequestStart === undefined
    ? (new OlderFollower(handler as OlderHandler, call) as Handler)
    : new Follower(handler, call)
}

class Follower {
  private readonly handler: Handler
  private readonly call: Call

  constructor(handler: Handler, call: Call) {
    this.handler = handler
    this.call = call
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: Headers,
    socket: Duplex,
  ): void {
    this.call.answered(statusCode)
    this.call.ended()
    this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.()
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: Headers,
    statusMessage?: string,
  ): void {
    this.call.answered(statusCode)
    this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.call.ended()
    this.handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller | undefined, error: Error): void {
    // There is no controller where there was no connection.
    if (controller?.aborted === true) this.call.isAborted = true
    if (this.call.hasEnded(error)) {
      this.onResponseEnd(controller as Controller, {})
      return
    }
    if (this.call.failed(error, this as Handler)) return
    this.handler.onResponseError?.(controller as Controller, error)
  }
}

/** What undici 7 still takes, as its documentation had it before: every method that its parser calls. */
interface OlderHandler {
  onConnect?(abort: (reason?: Error) => void, context?: unknown): void
  onResponseStarted?(): void
  onUpgrade?(statusCode: number, headers: unknown, socket: Duplex): void
  onHeaders?(statusCode: number, headers: unknown, resume: () => void, text: string): unknown
  onData?(chunk: Buffer): unknown
  onComplete?(trailers: unknown): void
  onError?(error: Error): void
  onBodySent?(...sizes: unknown[]): unknown
  onRequestSent?(): unknown
}

class OlderFollower {
  private readonly handler: OlderHandler
  private readonly call: Call

  constructor(handler: OlderHandler, call: Call) {
    this.handler = handler
    this.call = call
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    const { call } = this
    this.handler.onConnect?.((reason) => {
      call.isAborted = true
      abort(reason)
    }, context)
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.()
  }

  onUpgrade(statusCode: number, headers: unknown, socket: Duplex): void {
    this.call.answered(statusCode)
    this.call.ended()
    this.handler.onUpgrade?.(statusCode, headers, socket)
  }

  onHeaders(statusCode: number, headers: unknown, resume: () => void, text: string): unknown {
    this.call.answered(statusCode)
    return this.handler.onHeaders?.(statusCode, headers, resume, text)
  }

  onData(chunk: Buffer): unknown {
    return this.handler.onData?.(chunk)
  }

  onComplete(trailers: unknown): void {
    this.call.ended()
    this.handler.onComplete?.(trailers)
  }

  onError(error: Error): void {
    if (this.call.hasEnded(error)) {
      this.onComplete([])
      return
    }
    if (this.call.failed(error, this as Handler)) return
    if (this.handler.onError === undefined) throw error
    this.handler.onError(error)
  }

  onBodySent(...sizes: unknown[]): unknown {
    return this.handler.onBodySent?.(...sizes)
  }

  onRequestSent(): unknown {
    return this.handler.onRequestSent?.()
  }
}
