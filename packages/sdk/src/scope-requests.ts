import { type FlagDefinitions, SluiceError } from '@sluice/core'
import type { Flags } from './open-flags.ts'
import { attempt, type RequestGuardOptions } from './request-guard.ts'
import type { ScopedFlags } from './scoped-flags.ts'

/** Whose request it is. */
export interface ScopeRequestsOptions<Request> {
  /**
   * The user a request is from. It is asked once a request and answers at once: find out who it is before. Where it
   * throws or knows nobody, flags answer as they do without a context.
   */
  readonly user: RequestGuardOptions<Request>['user']
  /** Hears what `user` threw. Without it nobody does, unless this throws. */
  readonly report?: (error: unknown) => void
}

/**
 * Makes what every framework's `scopeRequests` does with a request: finds out whose it is, and freezes the flags.
 *
 * @throws SluiceError `invalid_request_scope` where `user` is no function.
 */
export function createRequestScopes<D extends FlagDefinitions, Request>(
  flags: Flags<D>,
  { user, report }: ScopeRequestsOptions<Request>,
): (request: Request) => ScopedFlags<D> {
  if (typeof user !== 'function') {
    const found = typeof user
    const message = `scopeRequests needs a function as "user", not ${found}: (request) => the user it is from`
    const details = { pointer: '/user', expected: 'a function', found }
    throw new SluiceError('invalid_request_scope', message, details)
  }
  return (request) => flags.forRequest(attempt(() => user(request), report))
}
