import { longEnvironmentName } from '@sluice/core'
import type { GlobalOptions } from './context.ts'
import type { SluiceConfig } from './sluice-config.ts'
import type { World } from './world.ts'

/** The environment a command is about: `--env`, `SLUICE_ENVIRONMENT`, the configuration's, `NODE_ENV`, else `development`. */
export function findEnvironment(
  { env: variables }: Pick<World, 'env'>,
  { env: named }: Pick<GlobalOptions, 'env'>,
  { environment: configured }: Pick<SluiceConfig, 'environment'>,
): string {
  const { SLUICE_ENVIRONMENT, NODE_ENV } = variables
  const given = [named, SLUICE_ENVIRONMENT, configured, NODE_ENV].map((each) => each?.trim())
  return longEnvironmentName(given.find(Boolean) ?? 'development')
}
