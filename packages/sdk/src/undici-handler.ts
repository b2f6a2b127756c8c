import type { RequestOutcome } from './request-guard.ts'

/** What is used of undici's hold on a call. It is not there while there is no connection. */
interface CallController {
  readonly aborted: boolean
}

/** undici's handler of a call, as version 7 hands it to interceptors, whatever the caller's own looks like. */
export interface CallHandler {
  onRequestStart?(controller: CallController, context: unknown): void
  onRequestUpgrade?(controller: CallController, ...rest: unknown[]): void
  onResponseStarted?(): void
  onResponseStart?(controller: CallController, status: number, ...rest: unknown[]): void
  onResponseData?(controller: CallController, chunk: unknown): void
  onResponseEnd?(controller: CallController, trailers: unknown): void
  onResponseError?(controller: CallController | null | undefined, error: Error): void
}

/**
 * The same handler, whose call is counted when it ends.
 *
 * @param call Its signal says why a caller gave up: undici does not hand that on while a body comes.
 */
export function followCall(
  handler: CallHandler,
  outcome: RequestOutcome,
  call: { readonly signal?: unknown },
): CallHandler {
  let status: number | undefined
  return {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStarted: () => handler.onResponseStarted?.(),
    onResponseStart(...args) {
      // What comes before the final response, such as early hints, is none.
      if (args[1] >= 200) status = args[1]
      handler.onResponseStart?.(...args)
    },
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd(...args) {
      if (status !== undefined) outcome.answered(status)
      handler.onResponseEnd?.(...args)
    },
    onResponseError(controller, error) {
      // A caller whose patience is at its end by the clock was not served in time.
      const { reason } = (call.signal ?? {}) as { reason?: unknown }
      const isGivenUp = controller?.aborted === true && !isTimeout(error) && !isTimeout(reason)
      if (isGivenUp && status !== undefined) outcome.answered(status)
      else outcome.failed()
      handler.onResponseError?.(controller, error)
    },
  }
}

/** Whether a reason to abort is that of `AbortSignal.timeout`. */
function isTimeout(reason: unknown): boolean {
  return (reason as { name?: unknown } | null | undefined)?.name === 'TimeoutError'
}
