/**
 * Hooks for Fastify: counts requests for guards, and gives each its own flags.
 *
 * @module
 */

import type { FlagDefinitions, KeyOf } from '@sluice/core'
import { runWithFlags } from './current-flags.ts'
import type { Flags } from './open-flags.ts'
import { createRequestGuard, type RequestFlags, type RequestGuardOptions } from './request-guard.ts'
import { countResponse, type NodeRequest, type NodeResponse } from './request-guard-node.ts'
import { createRequestScopes, type ScopeRequestsOptions } from './scope-requests.ts'
import type { ScopedFlags } from './scoped-flags.ts'

export type { RequestFlags, RequestGuardOptions, RequestUser } from './request-guard.ts'
export type { NodeRequest, NodeSocket } from './request-guard-node.ts'
export type { ScopeRequestsOptions } from './scope-requests.ts'
export type { ScopedFlags } from './scoped-flags.ts'

/** What is used of Fastify's request, and what a user may be told by. */
export interface FastifyRequest {
  readonly raw: NodeRequest
  readonly headers: NodeRequest['headers']
}

/** What is used of an instance of Fastify. */
interface Instance<Request> {
  hasRequestDecorator(name: string | symbol): boolean
  decorateRequest(name: string | symbol, value: null): Instance<Request>
  addHook(
    name: 'preHandler',
    hook: (request: Request, reply: { raw: NodeResponse }, done: () => void) => void,
  ): unknown
}

/** Tells our decorator from one of the application's by the same name, which Fastify then refuses to share. */
const ours = Symbol.for('@sluice/flags')

/**
 * A plugin for Fastify 5: evaluates a flag for a request's user, leaves the answer in `request.flags`, and counts how
 * the reply ends under the arm that the answer chose.
 *
 * It is a `preHandler` hook of the instance that registers it, not of a child: earlier hooks find out who the user is.
 *
 * @throws SluiceError `invalid_request_guard`.
 */
export function guardRequests<
  D extends FlagDefinitions,
  Key extends KeyOf<D>,
  Request extends FastifyRequest = FastifyRequest,
>(
  flags: Flags<D>,
  key: Key,
  options: RequestGuardOptions<Request>,
): (instance: object) => Promise<void> {
  const guard = createRequestGuard(flags, key, options)
  const plugin = async (instance: object) => {
    const fastify = instance as Instance<Request & { flags: RequestFlags | null }>
    if (!fastify.hasRequestDecorator(ours)) {
      fastify.decorateRequest('flags', null).decorateRequest(ours, null)
    }
    fastify.addHook('preHandler', (request, { raw }, next) => {
      const guarded = guard(request, request.flags)
      request.flags = guarded.flags
      countResponse(request.raw, raw, guarded.start)
      next()
    })
  }
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/** As {@link ours}, for the request's flags. */
const ourScope = Symbol.for('@sluice/scoped-flags')

/**
 * A plugin for Fastify 5: freezes the flags for a request's user. They are in `request.scopedFlags`, a {@link ScopedFlags}, and
 * what comes after it finds them by `currentFlags`; guards that are registered behind it keep to them.
 *
 * It is a `preHandler` hook of the instance that registers it, not of a child: earlier hooks find out who the user is.
 *
 * @throws SluiceError `invalid_request_scope`.
 */
export function scopeRequests<
  D extends FlagDefinitions,
  Request extends FastifyRequest = FastifyRequest,
>(flags: Flags<D>, options: ScopeRequestsOptions<Request>): (instance: object) => Promise<void> {
  const scopeOf = createRequestScopes(flags, options)
  const plugin = async (instance: object) => {
    const fastify = instance as Instance<Request & { scopedFlags: ScopedFlags<D> | null }>
    if (!fastify.hasRequestDecorator(ourScope)) {
      fastify.decorateRequest('scopedFlags', null).decorateRequest(ourScope, null)
    }
    fastify.addHook('preHandler', (request, _, next) => {
      request.scopedFlags = scopeOf(request)
      runWithFlags(request.scopedFlags, next)
    })
  }
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}
