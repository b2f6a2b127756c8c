import type { GlobalOptions } from './context.ts'
import type { SluiceConfig } from './sluice-config.ts'
import type { World } from './world.ts'

/** The policy's short names. */
const aliases: { readonly [name: string]: string } = { dev: 'development', prod: 'production' }

/** The environment a command is about: `--env`, `SLUICE_ENVIRONMENT`, the configuration's, `NODE_ENV`, else `development`. */
export function findEnvironment(
  { env: variables }: Pick<World, 'env'>,
  { env: named }: Pick<GlobalOptions, 'env'>,
  { environment: configured }: Pick<SluiceConfig, 'environment'>,
): string {
  const { SLUICE_ENVIRONMENT, NODE_ENV } = variables
  const given = [named, SLUICE_ENVIRONMENT, configured, NODE_ENV].map((each) => each?.trim())
  return longNameOf(given.find(Boolean) ?? 'development')
}

/** An environment as the log has it: `prod` and `dev` are taken for their long names. */
export function longNameOf(environment: string): string {
  return Object.hasOwn(aliases, environment) ? (aliases[environment] as string) : environment
}
