import { AsyncLocalStorage } from 'node:async_hooks'
import type { FlagDefinitions } from '@sluice/core'
import type { Flags } from './open-flags.ts'
import type { ScopedFlags } from './scoped-flags.ts'

/** The scopes that something runs in, the innermost first. */
interface Running {
  readonly scope: ScopedFlags
  readonly outer: Running | undefined
}

/** Copies of this module agree on it: an application may load one as ESM and one as CommonJS. */
const name = Symbol.for('@sluice/current-flags')
const shared = globalThis as { [name]?: AsyncLocalStorage<Running> }
shared[name] ??= new AsyncLocalStorage()
const storage = shared[name]

/**
 * Runs a function, and all that it calls and awaits, with the flags of one request: there {@link currentFlags} finds them.
 *
 * @returns What the function returns. What it throws comes through.
 */
export function runWithFlags<Result>(
  // Of whichever definitions: they are asked by who finds the scope.
  scope: Pick<ScopedFlags<never>, 'context' | 'now'>,
  run: () => Result,
): Result {
  return storage.run({ scope: scope as ScopedFlags, outer: storage.getStore() }, run)
}

/**
 * The flags of the request that the caller runs for: undefined outside of {@link runWithFlags} and of the frameworks'
 * `scopeRequests`.
 *
 * @param client Only a scope of this client, and typed as it is. Default: the innermost of whichever client.
 */
export function currentFlags<D extends FlagDefinitions>(
  client?: Pick<Flags<D>, 'evaluate'>,
): ScopedFlags<D> | undefined {
  let running = storage.getStore()
  while (running && client && running.scope.client !== (client as unknown)) running = running.outer
  return running?.scope as ScopedFlags<D> | undefined
}
