import { type FlagDefinition, type FlagDefinitions, type KeyOf, SluiceError } from '@sluice/core'
import { type Choices, everyCombination, pairwise } from './combinations.ts'
import { findFlag, type OverrideOf, type Overrides } from './overrides.ts'
import { type DefinitionsOf, type TestFlags, testFlags } from './test-flags.ts'

/** What each flag is set to: true or false for a flag without variants of its own, else a variant. */
export type Combination<D extends FlagDefinitions, K extends KeyOf<D> = KeyOf<D>> = {
  readonly [Key in K]: OverrideOf<D[Key]>
}

/** A test of one combination: it fails by throwing. */
export type CombinationTest<D extends FlagDefinitions, K extends KeyOf<D> = KeyOf<D>> = (
  flags: TestFlags<D>,
  combination: Combination<D, K>,
) => unknown

/** How many combinations are run. */
export interface EveryVariantOptions {
  /**
   * Above so many combinations not all are run, but enough that any two variants of any two flags meet. Default 32: five
   * flags that are on or off.
   */
  readonly pairwiseAbove?: number
}

type Given<T> = { readonly [Key in keyof T]: FlagDefinition | ((...args: never[]) => unknown) }

/** What is shown of many failures. */
const mostShown = 10

/**
 * Runs a test once for each combination of what flags can be, one after the other, each within
 * {@link TestFlags.withFlags}. Await it.
 *
 * @param flags Test flags, or definitions, for which it opens some.
 * @param keys The flags that are varied; all others are as they are. Default: all.
 * @returns The combinations that were run.
 * @throws SluiceError `combination_failed`, once all have run: it names those that failed, what they have in common, and
 * has the first one's error as its cause. `flag_not_found`.
 */
export function everyVariant<D extends FlagDefinitions, const K extends KeyOf<D>>(
  flags: TestFlags<D>,
  keys: readonly K[],
  run: CombinationTest<D, K>,
  options?: EveryVariantOptions,
): Promise<Combination<D, K>[]>
export function everyVariant<D extends FlagDefinitions>(
  flags: TestFlags<D>,
  run: CombinationTest<D>,
  options?: EveryVariantOptions,
): Promise<Combination<D>[]>
export function everyVariant<const T extends Given<T>, const K extends KeyOf<DefinitionsOf<T>>>(
  definitions: T,
  keys: readonly K[],
  run: CombinationTest<DefinitionsOf<T>, K>,
  options?: EveryVariantOptions,
): Promise<Combination<DefinitionsOf<T>, K>[]>
export function everyVariant<const T extends Given<T>>(
  definitions: T,
  run: CombinationTest<DefinitionsOf<T>>,
  options?: EveryVariantOptions,
): Promise<Combination<DefinitionsOf<T>>[]>
export async function everyVariant(
  source: TestFlags | FlagDefinitions,
  first: readonly string[] | CombinationTest<FlagDefinitions>,
  second?: CombinationTest<FlagDefinitions> | EveryVariantOptions,
  third?: EveryVariantOptions,
): Promise<Combination<FlagDefinitions>[]> {
  const flags = isTestFlags(source) ? source : testFlags(source as FlagDefinitions)
  const isNamed = typeof first !== 'function'
  const keys = isNamed ? [...new Set(first)] : flags.snapshot().keys()
  const run = (isNamed ? second : first) as CombinationTest<FlagDefinitions>
  const { pairwiseAbove = 32 } = ((isNamed ? third : second) ?? {}) as EveryVariantOptions
  const combinations = combine(flags, keys, pairwiseAbove)
  const failures: Failure[] = []
  for (const combination of combinations) {
    try {
      await flags.withFlags(combination, () => run(flags, combination))
    } catch (error) {
      failures.push({ combination, error })
    }
  }
  if (failures.length > 0) throw combinationFailed(combinations, failures)
  return combinations
}

interface Failure {
  readonly combination: Overrides
  readonly error: unknown
}

function isTestFlags(source: TestFlags | FlagDefinitions): source is TestFlags {
  return typeof source.withFlags === 'function'
}

function combine(
  flags: TestFlags,
  keys: readonly string[],
  pairwiseAbove: number,
): Combination<FlagDefinitions>[] {
  const choices = keys.map((key) => choicesOf(flags, key))
  const sizes = choices.map(({ length }) => length)
  const count = sizes.reduce((product, size) => product * size, 1)
  // Of two flags, the pairs are all there is.
  const isMany = sizes.length > 2 && count > pairwiseAbove
  const rows: Choices[] = isMany ? pairwise(sizes) : everyCombination(sizes)
  return rows.map((row) =>
    Object.fromEntries(
      keys.map((key, index) => [key, choices[index]?.[row[index] as number] as string]),
    ),
  )
}

function choicesOf(flags: TestFlags, key: string): readonly (string | boolean)[] {
  const { definition } = findFlag(flags.snapshot(), key, 'vary')
  return definition.variants === undefined ? [true, false] : Object.keys(definition.variants)
}

function combinationFailed(all: readonly Overrides[], failures: readonly Failure[]): SluiceError {
  const common = commonOf(all, failures)
  const each = common === '' ? '' : `, each with ${common}`
  const shown = failures
    .slice(0, mostShown)
    .map(({ combination, error }) => `  ${inWords(combination)}: ${messageOf(error)}`)
  if (failures.length > mostShown) shown.push(`  and ${failures.length - mostShown} more`)
  const message = `${failures.length} of ${all.length} combinations failed${each}:\n${shown.join('\n')}`
  return new SluiceError('combination_failed', message, { cause: failures[0]?.error })
}

/** What all that failed share, and something that passed does not. */
function commonOf(all: readonly Overrides[], failures: readonly Failure[]): string {
  const first = failures[0] as Failure
  const shared = Object.entries(first.combination).filter(
    ([key, value]) =>
      failures.every(({ combination }) => combination[key] === value) &&
      all.some((combination) => combination[key] !== value),
  )
  return failures.length === 1 ? '' : inWords(Object.fromEntries(shared))
}

function inWords(combination: Overrides): string {
  return Object.entries(combination)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
