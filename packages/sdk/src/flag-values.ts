import {
  type EvaluationContext,
  type FlagDefinitions,
  type FlagInspection,
  type FlagSet,
  type KeyOf,
  SluiceError,
  type ValueOf,
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

/**
 * Holds who makes a sheet to say which flags it shows: without a compiler, a word that is misspelt would show them all.
 *
 * @throws SluiceError `invalid_option`.
 */
export function assertShown(shown: Partial<AnswerSheetOptions> | undefined): void {
  const { keys, isPublic } = shown ?? {}
  const isPublicFit = isPublic === undefined || typeof isPublic === 'function'
  const areKeysFit = keys === undefined || Array.isArray(keys)
  if (isPublicFit && areKeysFit && (isPublic ?? keys) !== undefined) return
  const expected = "{ isPublic: hasTag('public') } or { keys: ['newCheckout'] }"
  const message = `answerSheet shows no flag that it is not told to show: give it ${expected}`
  throw new SluiceError('invalid_option', message, { expected })
}

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
