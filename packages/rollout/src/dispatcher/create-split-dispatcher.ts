import type { Split } from '@sluice/core'
import { Dispatcher, errors, type Pool } from 'undici'
import type { Router } from '../router.ts'
import { Call } from './call.ts'
import { follow } from './follow.ts'
import { keyOfCall } from './key-of.ts'
import type { TrafficOptions } from './options.ts'
import { createTraffic, type Traffic } from './traffic.ts'

/** How a dispatcher sends requests. */
export interface SplitDispatcherOptions<Arm extends string = string> extends TrafficOptions<Arm> {
  /**
   * For whom a request is; who has a key keeps an arm. Undefined: an arm by chance. Default: the header `x-sluice-key`, else
   * the cookie `sluice_key`.
   */
  readonly keyOf?: (call: Dispatcher.DispatchOptions) => string | undefined
}

/**
 * An undici `Dispatcher` that sends each request to an origin of its arm: for `fetch(url, { dispatcher })` and
 * `request(url, { dispatcher })`. The origin of the URL is not looked at.
 */
export interface SplitDispatcher<Arm extends string = string> extends Dispatcher, Router {
  readonly weights: Readonly<Record<Arm, number>>
  apply(weights: Split): Promise<void>
  read(): Promise<Readonly<Record<Arm, number>>>
  /**
   * Changes the servers of an arm. What is under way on those that are gone ends there.
   *
   * @throws SluiceError `unknown_arm`, `invalid_arms`.
   */
  setOrigins(arm: Arm, origins: readonly string[]): void
  /** Refuses further requests, lets those under way end, and closes every connection. */
  close(): Promise<void>
  close(callback: () => void): void
}

/**
 * Creates a dispatcher that splits traffic between arms.
 *
 * @throws SluiceError `invalid_arms`, `invalid_split`, `invalid_option`, with pointer, expected and found.
 */
export function createSplitDispatcher<Arm extends string>(
  options: SplitDispatcherOptions<Arm>,
): SplitDispatcher<Arm> {
  return new TrafficDispatcher(options) as unknown as SplitDispatcher<Arm>
}

class TrafficDispatcher extends Dispatcher {
  readonly name = 'dispatcher'
  private readonly traffic: Traffic
  private readonly keyOf: (call: Dispatcher.DispatchOptions) => string | undefined

  constructor(options: SplitDispatcherOptions) {
    super()
    this.keyOf = options.keyOf ?? keyOfCall
    this.traffic = createTraffic(options, (pool) => this.forward(pool))
  }

  get weights(): Split {
    return this.traffic.split.weights
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (this.traffic.isClosed()) {
      const error = new errors.ClientClosedError()
      if (handler.onRequestStart) handler.onResponseError?.(undefined as never, error)
      else handler.onError?.(error)
      return false
    }
    const call = new Call(this.traffic, options, this.keyFor(options))
    return call.send(follow(handler, call))
  }

  async apply(weights: Split): Promise<void> {
    this.traffic.apply(weights)
  }

  read(): Promise<Split> {
    return this.traffic.split.read()
  }

  setOrigins(arm: string, origins: readonly string[]): void {
    this.traffic.setOrigins(arm, origins)
  }

  override close(callback?: () => void): Promise<void> {
    return called(this.traffic.close(), callback)
  }

  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> {
    const [reason, done] = typeof error === 'function' ? [null, error] : [error ?? null, callback]
    return called(this.traffic.destroy(reason), done)
  }

  /** A key that cannot be told is none: the request goes on. */
  private keyFor(options: Dispatcher.DispatchOptions): string | undefined {
    try {
      return this.keyOf(options)
    } catch (error) {
      this.traffic.report(error)
      return undefined
    }
  }

  private forward(pool: Pool): void {
    pool.on('drain', (origin) => this.emit('drain', origin))
    pool.on('connect', (origin, targets) => this.emit('connect', origin, [this, ...targets]))
    pool.on('disconnect', (origin, targets, error) =>
      this.emit('disconnect', origin, [this, ...targets], error),
    )
    pool.on('connectionError', (origin, targets, error) =>
      this.emit('connectionError', origin, [this, ...targets], error),
    )
  }
}

function called(done: Promise<void>, callback: (() => void) | undefined): Promise<void> {
  if (callback) void done.then(callback)
  return done
}
