import { ownValue } from './context.ts'
import type {
  EnvironmentSettings,
  Exposure,
  FlagDefinition,
  Rule,
  Schedule,
  Split,
} from './definition.ts'
import type { Json } from './json.ts'

/** One flag in one environment, every default filled in: what both evaluators read. */
export interface FlagSettings {
  readonly enabled: boolean
  /** Percent of subjects, 0 to 100. */
  readonly rollout: number
  readonly serve: string | undefined
  readonly split: Split | undefined
  readonly rules: readonly Rule[]
  readonly schedule: Schedule | undefined
  readonly variants: { readonly [name: string]: Json }
  readonly offVariant: string | undefined
  readonly gateSalt: string
  readonly splitSalt: string
}

const booleanVariants: { readonly [name: string]: Json } = { on: true, off: false }

/** The variants of a flag: its own, or on and off. */
export function variantsOf(definition: FlagDefinition): { readonly [name: string]: Json } {
  return definition.variants ?? booleanVariants
}

/** The variant for those outside, if the flag has one. */
export function offVariantOf(definition: FlagDefinition): string | undefined {
  return definition.offVariant ?? (Object.hasOwn(variantsOf(definition), 'off') ? 'off' : undefined)
}

/**
 * A split as pairs in the order in which the flag declares its variants, whatever the order in the
 * split: a store may not keep the order of an object's keys.
 */
export function orderedSplit(
  split: Split,
  variants: { readonly [name: string]: Json },
): [variant: string, weightPercent: number][] {
  return Object.keys(variants).flatMap((name) => {
    const weight = ownValue(split, name) as number | undefined
    return weight === undefined ? [] : [[name, weight]]
  })
}

/**
 * Resolves a definition and the exposure laid over it, for one environment.
 *
 * An exposure that enables a flag lists the environment by itself: an operator may open a flag where
 * its definition has not yet been.
 */
export function settingsFor(
  key: string,
  definition: FlagDefinition,
  exposure: Exposure | undefined,
  environment: string,
): FlagSettings {
  const own = ownSettings(definition, environment)
  const isListed = (own ?? exposure?.enabled) !== undefined
  const settings: EnvironmentSettings = { ...definition, ...own }
  const variants = variantsOf(definition)
  const laid = exposure?.split
  // A split of variants that the definition no longer has is passed over.
  const fits = laid && Object.keys(laid).every((name) => Object.hasOwn(variants, name))
  const split = fits ? laid : settings.split
  const salt = definition.salt ?? key
  return {
    enabled: isListed && (exposure?.enabled ?? settings.enabled ?? false),
    rollout: exposure?.rollout ?? settings.rollout ?? (split === undefined ? 0 : 100),
    serve: settings.serve ?? (Object.hasOwn(variants, 'on') ? 'on' : undefined),
    split,
    rules: settings.rules ?? [],
    schedule: settings.schedule,
    variants,
    offVariant: offVariantOf(definition),
    gateSalt: salt,
    splitSalt: `${salt}/variant`,
  }
}

/** A flag's settings as written, each with its place: those at the top, and each environment's. */
export function settingsOf(
  definition: FlagDefinition,
): [place: readonly string[], settings: EnvironmentSettings][] {
  const { environments = [] } = definition
  const own = isList(environments) ? [] : Object.entries(environments)
  return [[[], definition], ...own.map(([name, each]) => [['environments', name], each] as never)]
}

/** What a definition says of one environment; undefined where it does not list it. */
export function ownSettings(
  definition: FlagDefinition,
  environment: string,
): EnvironmentSettings | undefined {
  const { environments = [] } = definition
  if (isList(environments)) return environments.includes(environment) ? {} : undefined
  return ownValue(environments, environment) as EnvironmentSettings | undefined
}

function isList(value: readonly string[] | object): value is readonly string[] {
  return Array.isArray(value)
}
