import type { Condition, EnvironmentSettings, FlagDefinition } from './definition.ts'
import { type Engines, engineNames } from './engine-types.ts'
import { SluiceError } from './errors.ts'

/**
 * Refuses definitions that need an engine which is not there, before any of them is served.
 *
 * @throws SluiceError `engine_missing`, naming the flag or segment and the operator.
 */
export function requireEngines(
  flags: { readonly [key: string]: FlagDefinition | null },
  segments: { readonly [key: string]: Condition | null },
  engines: Engines,
): void {
  const missing = engineNames.filter((name) => engines[name] === undefined)
  if (missing.length === 0) return
  const check = (place: string, conditions: Iterable<Condition>): void => {
    for (const condition of conditions) {
      const name = missing.find((each) => usesOperator(condition, each))
      if (name === undefined) continue
      throw new SluiceError(
        'engine_missing',
        `${place} uses "${name}", whose engine is absent: pass engines: { ${name} }`,
        { expected: `an engine for "${name}"`, found: 'none' },
      )
    }
  }
  for (const [key, flag] of Object.entries(flags)) {
    if (flag !== null) check(`flag "${key}"`, conditionsOf(flag))
  }
  for (const [key, segment] of Object.entries(segments)) {
    if (segment !== null) check(`segment "${key}"`, [segment])
  }
}

function* conditionsOf(definition: FlagDefinition): Generator<Condition> {
  for (const settings of settingsOf(definition)) {
    for (const rule of settings.rules ?? []) yield rule.if
  }
}

/** A flag's settings: those at the top and those of each environment. */
export function settingsOf(definition: FlagDefinition): EnvironmentSettings[] {
  const { environments } = definition
  return environments === undefined || Array.isArray(environments)
    ? [definition]
    : [definition, ...Object.values(environments as Record<string, EnvironmentSettings>)]
}

function usesOperator(condition: Condition, name: string): boolean {
  if ('all' in condition) return condition.all.some((each) => usesOperator(each, name))
  if ('any' in condition) return condition.any.some((each) => usesOperator(each, name))
  if ('not' in condition) return usesOperator(condition.not, name)
  return name in condition
}
