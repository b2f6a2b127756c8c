import type {
  EvaluationContext,
  FlagDefinitions,
  FlagInspection,
  FlagSet,
  KeyOf,
  ValueOf,
} from '@sluice/core'
import { type AnswerSheetOptions, shownBy } from './answer-sheet.ts'

/** What one user gets of every flag: its value by its key; null where the flag has nothing to serve. */
export type FlagValues<D extends FlagDefinitions = FlagDefinitions> = {
  readonly [Key in KeyOf<D>]: ValueOf<D[Key]> | null
}

/** Which flags are shown: those that are named, or that a function says are public; with both, those of both. */
export type ShownFlags<D extends FlagDefinitions = FlagDefinitions> =
  | { readonly keys: readonly KeyOf<D>[]; readonly isPublic?: (flag: FlagInspection) => boolean }
  | { readonly isPublic: (flag: FlagInspection) => boolean }

/** Says of a flag whether its definition has a tag: `isPublic: hasTag('public')`. */
export function hasTag(tag: string): (flag: FlagInspection) => boolean {
  return ({ definition }) => definition.tags?.includes(tag) === true
}

/** The values of every flag for one context, as a plain object. */
export function flagValues(
  set: FlagSet,
  context: EvaluationContext,
  { now, ...shown }: AnswerSheetOptions,
): FlagValues {
  const isShown = shownBy(set, shown)
  const values: Record<string, FlagValues[string]> = {}
  for (const { flagKey, value } of set.evaluateAll(context, now === undefined ? {} : { now })) {
    if (isShown(flagKey)) values[flagKey] = value ?? null
  }
  return values
}
