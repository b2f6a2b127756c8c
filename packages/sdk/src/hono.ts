/**
 * Middleware for Hono: counts requests for guards, and gives each its own flags.
 *
 * @module
 */

import type { FlagDefinitions, KeyOf } from '@sluice/core'
import { runWithFlags } from './current-flags.ts'
import type { Flags } from './open-flags.ts'
import { createRequestGuard, type RequestFlags, type RequestGuardOptions } from './request-guard.ts'
import { countContext, type WebContext } from './request-guard-web.ts'
import { createRequestScopes, type ScopeRequestsOptions } from './scope-requests.ts'
import type { ScopedFlags } from './scoped-flags.ts'

export type { RequestFlags, RequestGuardOptions, RequestUser } from './request-guard.ts'
export type { ScopeRequestsOptions } from './scope-requests.ts'
export type { ScopedFlags } from './scoped-flags.ts'

/** What is used of Hono's context, and what a user may be told by. */
export type HonoContext = WebContext

interface Variables {
  get(name: 'flags'): RequestFlags | undefined
  set(name: 'flags', value: RequestFlags): void
}

/**
 * Middleware for Hono 4: evaluates a flag for a request's user, leaves the answer in the variable `flags`
 * (`c.get('flags')`, `c.var.flags`), and counts how the response ends under the arm that the answer chose.
 *
 * On Node (`@hono/node-server`) it sees the connection itself; elsewhere it follows the response's body to its end. A
 * request for a web socket is not counted.
 *
 * @throws SluiceError `invalid_request_guard`.
 */
export function guardRequests<
  D extends FlagDefinitions,
  Key extends KeyOf<D>,
  Context extends HonoContext = HonoContext,
>(
  flags: Flags<D>,
  key: Key,
  options: RequestGuardOptions<Context>,
): (context: Context, next: () => Promise<void>) => Promise<void> {
  const guard = createRequestGuard(flags, key, options)
  return (context, next) => {
    const variables = context as unknown as Variables
    const guarded = guard(context, variables.get('flags'))
    variables.set('flags', guarded.flags)
    return countContext(context, guarded.start, next)
  }
}

/**
 * Middleware for Hono 4: freezes the flags for a request's user. They are in the variable `scopedFlags`
 * (`c.get('scopedFlags')`), a {@link ScopedFlags}, and what comes after it finds them by `currentFlags`; guards behind it keep to
 * them.
 *
 * @throws SluiceError `invalid_request_scope`.
 */
export function scopeRequests<
  D extends FlagDefinitions,
  Context extends Pick<HonoContext, 'req'> = HonoContext,
>(
  flags: Flags<D>,
  options: ScopeRequestsOptions<Context>,
): (context: Context, next: () => Promise<void>) => Promise<void> {
  const scopeOf = createRequestScopes(flags, options)
  return (context, next) => {
    const scope = scopeOf(context)
    const variables = context as unknown as { set(name: string, value: ScopedFlags<D>): void }
    variables.set('scopedFlags', scope)
    return runWithFlags(scope, next)
  }
}
