/**
 * For `node:http` without a framework: counts requests for guards, and gives each its own flags.
 *
 * @module
 */

import type { FlagDefinitions, KeyOf } from '@sluice/core'
import { runWithFlags } from './current-flags.ts'
import type { Flags } from './open-flags.ts'
import { createRequestGuard, type RequestFlags, type RequestGuardOptions } from './request-guard.ts'
import { countResponse, type NodeRequest, type NodeResponse } from './request-guard-node.ts'
import { createRequestScopes, type ScopeRequestsOptions } from './scope-requests.ts'

export type { RequestFlags, RequestGuardOptions, RequestUser } from './request-guard.ts'
export type { NodeRequest, NodeResponse, NodeSocket } from './request-guard-node.ts'
export type { ScopeRequestsOptions } from './scope-requests.ts'

/** A listener of `node:http` that is told, behind request and response, the answers of its guards. */
export type GuardedListener<Request, Response, Key extends string> = (
  request: Request,
  response: Response,
  flags: RequestFlags<Key>,
) => unknown

/**
 * A guard for `node:http`, `createServer(guardRequests(flags, key, options)(listener))`: evaluates a flag for a request's
 * user, hands the answer to the listener, and counts how the response ends under the arm that the answer chose.
 *
 * What the listener throws, or its promise is rejected with, counts as an error and goes on as it would without a guard.
 *
 * @throws SluiceError `invalid_request_guard`.
 */
export function guardRequests<
  D extends FlagDefinitions,
  Key extends KeyOf<D>,
  Request extends NodeRequest = NodeRequest,
>(
  flags: Flags<D>,
  key: Key,
  options: RequestGuardOptions<Request>,
): <Q extends Request, P extends NodeResponse, Others extends string = never>(
  listener: GuardedListener<Q, P, Key | Others>,
) => (request: Q, response: P, given?: RequestFlags<Others>) => unknown {
  const guard = createRequestGuard(flags, key, options)
  return (listener) => (request, response, given) => {
    const guarded = guard(request, given)
    let fail = () => {}
    countResponse(request, response, () => {
      const outcome = guarded.start()
      fail = outcome.failed
      return outcome
    })
    try {
      const result = listener(request, response, guarded.flags as never)
      if (!(result instanceof Promise)) return result
      return result.catch((error: unknown) => {
        fail()
        throw error
      })
    } catch (error) {
      fail()
      throw error
    }
  }
}

/**
 * For `node:http`, `createServer(scopeRequests(flags, options)(listener))`: freezes the flags for a request's user. The
 * listener, and all that it calls, finds them by `currentFlags`; a guard inside keeps to them.
 *
 * @throws SluiceError `invalid_request_scope`.
 */
export function scopeRequests<D extends FlagDefinitions, Request extends NodeRequest = NodeRequest>(
  flags: Flags<D>,
  options: ScopeRequestsOptions<Request>,
): <Q extends Request, Rest extends unknown[], Result>(
  listener: (request: Q, ...rest: Rest) => Result,
) => (request: Q, ...rest: Rest) => Result {
  const scopeOf = createRequestScopes(flags, options)
  return (listener) =>
    (request, ...rest) =>
      runWithFlags(scopeOf(request), () => listener(request, ...rest))
}
