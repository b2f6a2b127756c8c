import {
  type FlagDefinition,
  type FlagDefinitions,
  type FlagInspection,
  type FlagSet,
  type Json,
  type KeyOf,
  nearestName,
  SluiceError,
  settingsFor,
} from '@sluice/core'

/** What a flag can be set to: the name of a variant; where it can serve true and false, those too. */
export type OverrideOf<F extends FlagDefinition> = F extends {
  readonly variants: infer V extends { readonly [name: string]: Json }
}
  ? (keyof V & string) | ([Extract<V[keyof V], boolean>] extends [never] ? never : boolean)
  : 'variants' extends keyof F
    ? string | boolean
    : boolean | 'on' | 'off'

/** What flags are set to, by key. */
export type Overrides<D extends FlagDefinitions = FlagDefinitions> = {
  readonly [Key in KeyOf<D>]?: OverrideOf<D[Key]>
}

/** Flags that are set, to be laid over a flag set. */
export interface OverrideLayer {
  readonly keys: readonly string[]
  /** The set with every flag of the layer serving its variant to everybody; the same set for the same base. */
  over(base: FlagSet): FlagSet
}

/** Where the definitions of flags that are set say they come from. */
const origin = 'override'

/**
 * @param flags The flags there are.
 * @throws SluiceError `flag_not_found`, `invalid_override`.
 */
export function createOverrideLayer(overrides: Overrides, flags: FlagSet): OverrideLayer {
  const given = Object.entries(overrides).filter(([, override]) => override !== undefined)
  for (const [key, override] of given) variantFor(findFlag(flags, key, 'override'), flags, override)
  let lastBase: FlagSet | undefined
  let lastResult: FlagSet | undefined
  return {
    keys: given.map(([key]) => key),
    over(base) {
      if (lastResult !== undefined && lastBase === base) return lastResult
      const forced: Record<string, FlagDefinition> = {}
      for (const [key, override] of given) {
        const flag = base.inspect(key)
        // A flag that a log has dropped meanwhile stays dropped.
        if (flag === undefined) continue
        forced[key] = forcedTo(variantFor(flag, base, override), flag, base.environment)
      }
      const exposures = Object.fromEntries(Object.keys(forced).map((key) => [key, null]))
      lastBase = base
      lastResult = base.with({ flags: forced, exposures, origin })
      return lastResult
    },
  }
}

/** A definition that serves one variant to everybody, and says of the flag all that it said. */
function forcedTo(serve: string, { definition }: FlagInspection, environment: string) {
  const { split, schedule, rules, prerequisites, ...kept } = definition
  return { ...kept, enabled: true, environments: [environment], rollout: 100, serve }
}

/**
 * @param purpose What it is looked for to do.
 * @throws SluiceError `flag_not_found`, with the nearest key.
 */
export function findFlag(flags: FlagSet, key: string, purpose: string): FlagInspection {
  const flag = flags.inspect(key)
  if (flag !== undefined) return flag
  const nearest = nearestName(key, flags.keys())
  const hint = nearest === undefined ? '' : `: did you mean "${nearest}"?`
  throw new SluiceError('flag_not_found', `there is no flag "${key}" to ${purpose}${hint}`, {
    ...{ flag: key, found: key },
    ...(nearest !== undefined && { expected: nearest }),
  })
}

function variantFor(
  { key, definition, exposure }: FlagInspection,
  { environment }: FlagSet,
  override: unknown,
): string {
  const { variants } = settingsFor(key, definition, exposure, environment)
  const found =
    typeof override === 'boolean'
      ? Object.keys(variants).find((name) => variants[name] === override)
      : Object.keys(variants).find((name) => name === override)
  if (found !== undefined) return found
  const names = Object.keys(variants)
  const expected = `one of ${names.map((name) => `"${name}"`).join(', ')}`
  const shown = typeof override === 'string' ? `"${override}"` : String(override)
  throw new SluiceError(
    'invalid_override',
    `flag "${key}" cannot be set to ${shown}: give ${expected}`,
    { flag: key, pointer: `/${key}`, expected, found: shown },
  )
}
