import type {
  ErrorCode,
  EvaluationContext,
  FlagInspection,
  FlagSet,
  Json,
  Reason,
} from '@sluice/core'
import { SluiceError } from '@sluice/core'
import type { FlagMetadata } from './answer-value.ts'
import { readableKey } from './readable-key.ts'

/** What one user sees of every flag: plain JSON, to be handed to a browser. */
export interface AnswerSheet {
  /** The log's revision it was made at; 0 without a log. */
  readonly revision: number
  readonly environment: string
  /** For whom; absent where the context had no key. */
  readonly targetingKey?: string
  /** By flag key. */
  readonly answers: { readonly [key: string]: SheetAnswer }
}

/** One flag's answer on a sheet. */
export interface SheetAnswer {
  /** null where the flag has nothing to serve. */
  readonly value: Json
  readonly variant?: string
  readonly reason: Reason
  readonly errorCode?: ErrorCode
  /** Facts about the flag that it may know. */
  readonly metadata?: FlagMetadata
}

/** Which flags a sheet shows: it is told one of `keys` and `isPublic`, or both. */
export interface AnswerSheetOptions {
  /** Only these; a key that is no flag is passed over. Default: all. */
  readonly keys?: readonly string[]
  /** Only those it is true of. Default: all. */
  readonly isPublic?: (flag: FlagInspection) => boolean
  /** What is told of a flag beside its answer. Default: nothing. */
  readonly metadataOf?: (flag: FlagInspection) => FlagMetadata | undefined
  /** Epoch milliseconds to evaluate schedules at. Default: the flag set's clock. */
  readonly now?: number
}

/** What a sheet is made of: a flag set of any definitions. */
export type AnsweringSet = Pick<FlagSet, 'environment' | 'revision' | 'inspect' | 'evaluateAll'>

/** Flags as they stand, or what can give them. */
type Source = AnsweringSet | { snapshot(): AnsweringSet }

/**
 * The answers of the flags that `options` lets through, for one user, as plain JSON.
 *
 * It says values, variants and reasons, and nothing of rules, percentages or attributes. Whoever gets the sheet can
 * read the key of every flag on it: `isPublic` keeps the others back.
 *
 * @throws SluiceError `invalid_option` where `options` does not say which; what `isPublic` or `metadataOf` throws.
 */
export function answerSheet(
  source: Source,
  context: EvaluationContext,
  options: AnswerSheetOptions,
): AnswerSheet {
  assertShown(options)
  const set = 'snapshot' in source ? source.snapshot() : source
  const { metadataOf, now } = options
  const isShown = shownBy(set, options)
  const answers: Record<string, SheetAnswer> = {}
  for (const answer of set.evaluateAll(context, now === undefined ? {} : { now })) {
    const { flagKey } = answer
    if (!isShown(flagKey)) continue
    const metadata = metadataOf?.(set.inspect(flagKey) as FlagInspection)
    answers[flagKey] = {
      value: answer.value ?? null,
      ...(answer.variant !== undefined && { variant: answer.variant }),
      reason: answer.reason,
      ...(answer.errorCode !== undefined && { errorCode: answer.errorCode }),
      ...(metadata !== undefined && { metadata }),
    }
  }
  const targetingKey = readableKey(context)
  return {
    revision: set.revision,
    environment: set.environment,
    ...(targetingKey !== undefined && { targetingKey }),
    answers,
  }
}

/** Says of the key of a flag whether it is shown. */
export function shownBy(
  set: Pick<AnsweringSet, 'inspect'>,
  { keys, isPublic }: Pick<AnswerSheetOptions, 'keys' | 'isPublic'>,
): (key: string) => boolean {
  const wanted = keys && new Set(keys)
  return (key) =>
    wanted?.has(key) !== false &&
    // A promise is not true: of an async function, nothing is shown.
    (isPublic === undefined || isPublic(set.inspect(key) as FlagInspection) === true)
}

/**
 * Holds who makes a sheet to say which flags it shows: without a compiler, a word that is misspelt would show them all.
 *
 * @throws SluiceError `invalid_option`.
 */
function assertShown(shown: AnswerSheetOptions | undefined): void {
  const { keys, isPublic } = shown ?? {}
  const isPublicFit = isPublic === undefined || typeof isPublic === 'function'
  const areKeysFit = keys === undefined || Array.isArray(keys)
  if (isPublicFit && areKeysFit && (isPublic ?? keys) !== undefined) return
  const expected = "{ isPublic: hasTag('public') } or { keys: ['newCheckout'] }"
  const message = `answerSheet shows no flag that it is not told to show: give it ${expected}`
  throw new SluiceError('invalid_option', message, { expected })
}
