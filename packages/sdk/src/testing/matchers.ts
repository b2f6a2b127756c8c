import { isDeepStrictEqual } from 'node:util'
import type {
  ErrorCode,
  EvaluationContext,
  FlagDefinitions,
  FlagReaders,
  Json,
  KeyOf,
  Reason,
  ValueOf,
} from '@sluice/core'
import { SluiceError } from '@sluice/core'
import { type KeyIn, subjectOf, whyAnswer } from './why-answer.ts'

/** One flag of some flags: what the matchers look at. */
export interface FlagSubject<Variant extends string = string, Value = Json> {
  readonly flags: Pick<FlagReaders, 'explain'>
  readonly key: string
  /** For the compiler alone. */
  readonly variant?: Variant
  /** For the compiler alone. */
  readonly value?: Value
}

type VariantOf<F> = F extends { readonly variants: infer V }
  ? keyof V & string
  : 'variants' extends keyof F
    ? string
    : 'on' | 'off'

/** Names a flag for an assertion: `expect(flagIn(flags, 'newUserProfile')).toBeEnabledFor(ada)`. */
export function flagIn<
  D extends FlagDefinitions,
  K extends KeyOf<D>,
  F extends Pick<FlagReaders<never>, 'explain'>,
>(
  flags: F & Pick<FlagReaders<D>, 'explain' | 'evaluate'>,
  key: K & KeyIn<F>,
): FlagSubject<VariantOf<D[K]>, ValueOf<D[K]>> {
  return { flags: flags as never, key }
}

/**
 * The matchers as assertions have them, for the declarations of Vitest and Jest.
 *
 * @typeParam Subject What was given to `expect`: {@link flagIn} of something.
 */
export interface FlagMatchers<Subject = unknown, Result = void> {
  /** A boolean flag is on. */
  toBeEnabledFor(context?: EvaluationContext): Result
  /** The flag serves this variant. */
  toServeVariant(
    variant: Subject extends FlagSubject<infer Variant, infer _> ? Variant : string,
    context?: EvaluationContext,
  ): Result
  /** The flag serves a value equal to this one, at any depth. */
  toServeValue(
    value: Subject extends FlagSubject<infer _, infer Value> ? Value : Json,
    context?: EvaluationContext,
  ): Result
  /** The answer's reason, or its error code. */
  toAnswerBecauseOf(reason: Reason | ErrorCode, context?: EvaluationContext): Result
}

/** What a matcher answers to the runner. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

/** Matchers for `expect.extend`, of Vitest and of Jest. What they say when they fail comes from `explain`. */
export const flagMatchers = {
  toBeEnabledFor(received: unknown, context?: EvaluationContext): MatcherResult {
    const subject = subjectIn(received)
    const { value } = answerOf(subject, context)
    return result(value === true, subject, context, 'be enabled')
  },
  toServeVariant(received: unknown, variant: string, context?: EvaluationContext): MatcherResult {
    const subject = subjectIn(received)
    const answer = answerOf(subject, context)
    return result(answer.variant === variant, subject, context, `serve the variant "${variant}"`)
  },
  toServeValue(received: unknown, value: Json, context?: EvaluationContext): MatcherResult {
    const subject = subjectIn(received)
    const answer = answerOf(subject, context)
    const isEqual = isDeepStrictEqual(answer.value, value)
    return result(isEqual, subject, context, `serve ${JSON.stringify(value)}`)
  },
  toAnswerBecauseOf(
    received: unknown,
    expected: Reason | ErrorCode,
    context?: EvaluationContext,
  ): MatcherResult {
    const subject = subjectIn(received)
    const { reason, errorCode } = answerOf(subject, context)
    const isSo = reason === expected || errorCode === expected
    return result(isSo, subject, context, `answer because of ${expected}`)
  },
}

function answerOf({ flags, key }: FlagSubject, context: EvaluationContext) {
  return flags.explain(key, context).answer
}

function result(
  pass: boolean,
  { flags, key }: FlagSubject,
  context: EvaluationContext,
  wanted: string,
): MatcherResult {
  return {
    pass,
    // Only a message that is read is made: the flag may have moved on by then, which it does not in a test.
    message: () =>
      `expected flag "${key}" ${pass ? 'not ' : ''}to ${wanted} for ${subjectOf(context)}, but\n${whyAnswer(flags, key, context)}`,
  }
}

/** @throws SluiceError `invalid_subject`. */
function subjectIn(received: unknown): FlagSubject {
  const { flags, key } = (received ?? {}) as Partial<FlagSubject>
  if (typeof flags?.explain === 'function' && typeof key === 'string') return { flags, key }
  const message = "the matchers of flags look at one flag: expect(flagIn(flags, 'newUserProfile'))"
  throw new SluiceError('invalid_subject', message, { expected: 'flagIn(flags, key)' })
}
