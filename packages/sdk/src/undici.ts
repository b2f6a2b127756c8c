/**
 * Counts the calls of undici for guards.
 *
 * @module
 */

import type { FlagDefinitions, KeyOf } from '@sluice/core'
import type { ArmName } from '@sluice/guards'
import type { Flags } from './open-flags.ts'
import {
  attempt,
  type CountOptions,
  checkFunction,
  chooseArm,
  createCounter,
  type RequestUser,
  unitOf,
} from './request-guard.ts'
import { type CallHandler, followCall } from './undici-handler.ts'

export type { CountOptions, RequestUser } from './request-guard.ts'

/** What is used of a call that is about to be made: undici's dispatch options. */
export interface OutgoingCall {
  readonly origin?: { toString(): string }
  readonly path: string
  readonly method: string
  readonly headers?: unknown
  readonly upgrade?: unknown
  readonly signal?: unknown
}

/** How a flag's outgoing calls are told apart and counted. A call that says by itself, by {@link asArm}, is not asked about. */
export interface GuardCallsOptions<Call> extends CountOptions {
  /** Whom a call is made for: its unit, and, where there is no `arm`, who the flag is evaluated for. */
  readonly user?: (call: Call) => RequestUser
  /** The arm a call belongs to, by its path say. Where the answer is undefined, the call is not counted. */
  readonly arm?: (call: Call) => ArmName | undefined
}

/** By which a call says its arm itself. Copies of this module agree on it. */
const ownArm = Symbol.for('@sluice/arm')

/**
 * Options of one call that name the arm it is made for: `request(url, { dispatcher, ...asArm('canary', user) })`. So the
 * count agrees with the code that chose, whatever becomes of the flag meanwhile.
 */
export function asArm(arm: ArmName, user?: RequestUser): object {
  return { [ownArm]: { arm, unit: unitOf(user) } }
}

/**
 * An interceptor for undici 7, `dispatcher.compose(guardCalls(flags, key, options))`: counts how each outgoing call
 * ends, under its arm, until the last byte of the body.
 *
 * A status of 500 or more, a connection that fails or breaks, and a timeout are errors. A call that its caller gives up
 * counts by its status once it began, and else as an error. Upgraded connections and tunnels are not counted.
 *
 * @throws SluiceError `invalid_request_guard` where an option is no function.
 */
export function guardCalls<
  D extends FlagDefinitions,
  Key extends KeyOf<D>,
  Call extends OutgoingCall = OutgoingCall,
>(
  flags: Flags<D>,
  key: Key,
  options: GuardCallsOptions<Call> = {},
): <Dispatch extends (call: never, handler: never) => boolean>(dispatch: Dispatch) => Dispatch {
  const { user, arm, report } = options
  if (user !== undefined) checkFunction(key, 'user', user)
  if (arm !== undefined) checkFunction(key, 'arm', arm)
  const count = createCounter(flags, key, options)

  function begin(call: Call & { [ownArm]?: { arm: ArmName; unit: string | undefined } }) {
    if (call.upgrade || call.method === 'CONNECT') return undefined
    const own = call[ownArm]
    if (own !== undefined) return count(own.arm, own.unit)
    const context = user && attempt(() => user(call), report)
    const chosen = arm ? attempt(() => arm(call), report) : chooseArm(flags, key, context)
    return chosen && count(chosen, unitOf(context, report))
  }

  return (dispatch) => {
    const go = dispatch as unknown as (call: Call, handler: CallHandler) => boolean
    const guarded = (call: Call, handler: CallHandler) => {
      const outcome = begin(call)
      return go(call, outcome ? followCall(handler, outcome, call) : handler)
    }
    return guarded as unknown as typeof dispatch
  }
}
