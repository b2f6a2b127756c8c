import type { FlagDefinitions, KeyOf } from '@sluice/core'
import type { Flags } from './open-flags.ts'
import { createRequestGuard, type RequestFlags, type RequestGuardOptions } from './request-guard.ts'
import { countContext, type WebContext } from './request-guard-web.ts'

export type { RequestFlags, RequestGuardOptions, RequestUser } from './request-guard.ts'

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
