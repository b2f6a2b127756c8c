/**
 * Middleware for Express: counts requests for guards, and gives each its own flags.
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
export type { NodeRequest, NodeSocket } from './request-guard-node.ts'
export type { ScopeRequestsOptions } from './scope-requests.ts'

/** What is used of Express's response. */
export interface ExpressResponse extends NodeResponse {
  /** Takes `flags`, a {@link RequestFlags}: for handlers, and for templates. */
  readonly locals: Record<string, unknown>
}

/**
 * Middleware for Express 4 and 5: evaluates a flag for a request's user, leaves the answer in
 * `response.locals.flags`, and counts how the response ends under the arm that the answer chose.
 *
 * It counts what comes after it: place it behind what finds out who the user is.
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
): <Response extends ExpressResponse>(
  request: Request,
  response: Response,
  next: () => void,
) => void {
  const guard = createRequestGuard(flags, key, options)
  return (request, response, next) => {
    const guarded = guard(request, response.locals.flags as RequestFlags | null | undefined)
    response.locals.flags = guarded.flags
    countResponse(request, response, guarded.start)
    next()
  }
}

/**
 * Middleware for Express 4 and 5: freezes the flags for a request's user. They are in `response.locals.scopedFlags`, a
 * `ScopedFlags`, and what comes after it finds them by `currentFlags`; guards behind it keep to them.
 *
 * Place it behind what finds out who the user is, and behind what reads the body.
 *
 * @throws SluiceError `invalid_request_scope`.
 */
export function scopeRequests<D extends FlagDefinitions, Request extends NodeRequest = NodeRequest>(
  flags: Flags<D>,
  options: ScopeRequestsOptions<Request>,
): (
  request: Request,
  response: { readonly locals: Record<string, unknown> },
  next: () => void,
) => void {
  const scopeOf = createRequestScopes(flags, options)
  return (request, response, next) => {
    const scope = scopeOf(request)
    response.locals.scopedFlags = scope
    runWithFlags(scope, () => next())
  }
}
