import type { FlagDefinitions, KeyOf } from '@sluice/core'
import type { Flags } from './open-flags.ts'
import { createRequestGuard, type RequestFlags, type RequestGuardOptions } from './request-guard.ts'
import { countResponse, type NodeRequest, type NodeResponse } from './request-guard-node.ts'

export type { RequestFlags, RequestGuardOptions, RequestUser } from './request-guard.ts'
export type { NodeRequest, NodeSocket } from './request-guard-node.ts'

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
