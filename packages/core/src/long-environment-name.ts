/** Short names that applications may start with, and that stand for the long ones from then on. */
const longNames: { readonly [name: string]: string } = { dev: 'development', prod: 'production' }

/** An environment's name in full: `dev` and `prod` stand for `development` and `production`, other names for themselves. */
export function longEnvironmentName(name: string): string {
  return Object.hasOwn(longNames, name) ? (longNames[name] as string) : name
}
