/** The policy's short names. */
const aliases: { readonly [name: string]: string } = { dev: 'development', prod: 'production' }

/**
 * The environment an application runs in: the name given, else `SLUICE_ENVIRONMENT`, else
 * `NODE_ENV`, else `development`. `dev` and `prod` are taken for their long forms.
 */
export function resolveEnvironment(
  name: string | undefined,
  variables: { readonly [name: string]: string | undefined } = process.env,
): string {
  // An empty variable is one that a shell left unset.
  const found = name || variables.SLUICE_ENVIRONMENT || variables.NODE_ENV || 'development'
  return Object.hasOwn(aliases, found) ? (aliases[found] as string) : found
}
