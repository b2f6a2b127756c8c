import type { Answer, Reason } from './answer.ts'
import { splitLimits } from './bucket.ts'
import type { Split } from './definition.ts'
import { PrefixHash } from './hash.ts'
import type { FlagInspection } from './inspection.ts'
import { type FlagSettings, orderedSplit } from './settings.ts'

/** A split between answers, in the order of the flag's variants. */
export interface CompiledSplit {
  readonly hash: PrefixHash
  /** The first bucket beyond each range; the last is beyond every bucket. */
  readonly limits: readonly number[]
  readonly answers: readonly Answer[]
}

/** Makes the frozen answers of one flag. */
export interface AnswerFactory {
  serve(
    variant: string | undefined,
    split: Split | undefined,
    reason: Reason,
    rule?: string,
  ): Answer | CompiledSplit
  off(reason: Reason, rule?: string): Answer
  keyMissing(rule?: string): Answer
}

/** The answers a flag can give, by variant and reason. */
export function answerFactory(
  { key: flagKey, definition, revision: flagRevision }: FlagInspection,
  settings: FlagSettings,
): AnswerFactory {
  const make = (variant: string | undefined, reason: Reason, rule?: string): Answer =>
    Object.freeze({
      flagKey,
      value: variant === undefined ? variant : settings.variants[variant],
      variant,
      reason,
      rule,
      flagRevision,
    })
  return {
    serve: (variant, split, reason, rule) => {
      const pairs = orderedSplit(split ?? {}, settings.variants)
      if (pairs.length === 0) return make(variant, reason, rule)
      return {
        hash: new PrefixHash(`${settings.splitSalt}:`),
        limits: splitLimits(pairs.map(([, weight]) => weight)),
        answers: pairs.map(([name]) => make(name, 'SPLIT', rule)),
      }
    },
    off: (reason, rule) => make(settings.offVariant, reason, rule),
    keyMissing: (rule) =>
      Object.freeze({
        ...make(settings.offVariant, 'ERROR', rule),
        errorCode: 'TARGETING_KEY_MISSING' as const,
        errorMessage: `the context has no ${definition.bucketBy ?? 'targetingKey'} to bucket by`,
      }),
  }
}
