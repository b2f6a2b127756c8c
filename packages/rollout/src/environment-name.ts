/** The usual short names: no rule of a policy is slipped past by one. */
const longNames: Readonly<Record<string, string>> = { dev: 'development', prod: 'production' }

/** Whether a policy's list of environments has this one, be it by its short name (`prod`). */
export function isAmong(environments: readonly string[], environment: string): boolean {
  const longName = longNames[environment] ?? environment
  return environments.includes(environment) || environments.includes(longName)
}
