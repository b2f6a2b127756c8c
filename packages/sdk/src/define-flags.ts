import type { FlagDefinitions, FlagSetOptions } from '@sluice/core'
import { type DefinedFlags, defineFlags as defineFlagsIn, type Exact } from '@sluice/core/node'
import { resolveEnvironment } from './environment.ts'

/**
 * Defines flags in code and answers questions about them, in the environment of this process.
 *
 * The definitions stay readable (`flags.newUserProfile.rollout`); a misspelt key or property does
 * not compile. The environment is `options.environment`, else `SLUICE_ENVIRONMENT`, else `NODE_ENV`,
 * else `development`.
 *
 * @throws SluiceError where a definition is refused, with its flag and JSON pointer.
 */
export function defineFlags<const D extends FlagDefinitions>(
  definitions: D & Exact<D>,
  options: FlagSetOptions = {},
): DefinedFlags<D> {
  const environment = resolveEnvironment(options.environment)
  return defineFlagsIn<D>(definitions, { ...options, environment })
}
