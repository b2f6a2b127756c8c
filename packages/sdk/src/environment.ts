import { longEnvironmentName } from '@sluice/core'

/**
 * The environment an application runs in: the name given, else `SLUICE_ENVIRONMENT`, else
 * `NODE_ENV`, else `development`. `dev` and `prod` are taken for their long forms.
 */
export function resolveEnvironment(
  name: string | undefined,
  variables: { readonly [name: string]: string | undefined } = process.env,
): string {
  // An empty variable is one that a shell left unset; a file of variables may leave spaces behind.
  const { SLUICE_ENVIRONMENT, NODE_ENV } = variables
  const given = [name, SLUICE_ENVIRONMENT, NODE_ENV].map((each) => each?.trim())
  return longEnvironmentName(given.find(Boolean) ?? 'development')
}
