import type { Dispatcher } from 'undici'
import type { Arm } from './arm.ts'
import { faultOf, isInvalid, isRepeatable } from './faults.ts'
import type { Origin } from './origin.ts'
import type { Place, Traffic } from './traffic.ts'

/** Why a call ended: it was served, failed, or was given up by its caller. */
type Ending = 'served' | 'failed' | 'given_up'

/** One request on its way: which origins were tried, what came back, and the count of it. */
export class Call {
  private readonly traffic: Traffic
  private readonly options: Dispatcher.DispatchOptions
  private readonly key: string | undefined
  private readonly arm: Arm
  private readonly startedAt: number
  private place: Place
  private tried: Origin[] | undefined
  private statusCode: number | undefined
  private isOver = false
  private isBegun = false
  /** Set by whoever sees the caller give up. */
  isAborted = false

  constructor(traffic: Traffic, options: Dispatcher.DispatchOptions, key: string | undefined) {
    this.traffic = traffic
    this.options = options
    this.key = key
    this.startedAt = traffic.now()
    this.arm = traffic.armOf(key)
    this.place = traffic.first(this.arm)
  }

  /** Sends it to the origin whose turn it is. */
  send(handler: Dispatcher.DispatchHandler): boolean {
    const { origin } = this.place
    const { options } = this
    // A name that the caller chose, in its Host header, is not the server's: it must not fail the certificate.
    const own = origin.servername && { servername: origin.servername, ...options }
    return origin.begin().dispatch(own || options, handler)
  }

  /** An informational response is none: the final one comes after it. */
  answered(statusCode: number): void {
    this.isBegun = true
    if (statusCode < 200 && statusCode !== 101) return
    this.statusCode = statusCode
    this.traffic.found(this.place, statusCode >= 500 ? 'server_error' : 'ok')
  }

  ended(): void {
    this.finish('served')
  }

  /** A 304 may say how long the body would have been (RFC 9110, section 8.6); undici takes that for a body cut short. */
  hasEnded(error: unknown): boolean {
    const { code } = (error ?? {}) as { code?: unknown }
    return (
      (this.statusCode === 304 || this.statusCode === 204) &&
      code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
    )
  }

  /** @returns Whether it was sent again, so that the caller is not to hear of the error. */
  failed(error: unknown, handler: Dispatcher.DispatchHandler): boolean {
    if (this.isOver) return false
    const { method, body, idempotent } = this.options
    const fault = this.isAborted ? 'caller' : faultOf(error, body)
    if (fault !== 'caller')
      this.traffic.found(this.place, fault === 'connect' ? 'connect_error' : 'server_error')
    const isUnseen = !this.isBegun && (fault === 'connect' || fault === 'broken')
    if (
      isUnseen &&
      idempotent !== false &&
      isRepeatable(method, body) &&
      !this.traffic.isClosed()
    ) {
      const tried = [...(this.tried ?? []), this.place.origin]
      const next = this.traffic.next(this.arm, tried)
      if (next !== undefined) {
        this.place.origin.end()
        this.tried = tried
        this.place = next
        this.send(handler)
        return true
      }
    }
    if (isInvalid(error)) {
      this.isOver = true
      this.place.origin.end()
      return false
    }
    this.finish(fault === 'caller' && !this.wasTooLate(error) ? 'given_up' : 'failed')
    return false
  }

  /** A caller whose patience is at its end by the clock was not served in time. */
  private wasTooLate(error: unknown): boolean {
    const { signal } = this.options as { signal?: { reason?: unknown } | null }
    return isTimeout(error) || isTimeout(signal?.reason)
  }

  private finish(ending: Ending): void {
    if (this.isOver) return
    this.isOver = true
    const { traffic, arm, place, statusCode } = this
    place.origin.end()
    traffic.onOutcome?.({
      arm: arm.name,
      servedBy: place.arm.name,
      origin: place.origin.url,
      ok: place.arm === arm && ending !== 'failed' && statusCode !== undefined && statusCode < 500,
      durationMs: traffic.now() - this.startedAt,
      statusCode,
      key: this.key,
      retries: this.tried?.length ?? 0,
      isAborted: ending === 'given_up',
    })
  }
}

/** Whether a reason to abort is that of `AbortSignal.timeout`. */
function isTimeout(reason: unknown): boolean {
  return (reason as { name?: unknown } | null | undefined)?.name === 'TimeoutError'
}
