import type { Answer } from './answer.ts'
import { bucketCount, bucketLimit, splitLimits } from './bucket.ts'
import type { EvaluationContext } from './context.ts'
import { PrefixHash } from './hash.ts'

/** What a rule, or the end of the rules, does with a subject. Undefined: go to the next rule. */
export type Outcome = (context: EvaluationContext, share: number) => Answer | undefined

/** The answers and keys an outcome chooses between. */
export interface OutcomeParts {
  readonly rollout: number
  /** The answer for everybody inside, or the split between variants. */
  readonly serve: Answer | SplitAnswers
  /** The answer for those outside; undefined sends them on. */
  readonly outside: Answer | undefined
  readonly keyMissing: Answer
  readonly gateSalt: string
  readonly keyOf: (context: EvaluationContext) => string | undefined
  /** Whether a schedule scales the rollout. */
  readonly isRamped: boolean
}

/** A split, compiled to answers: both lists in the order of the flag's variants. */
export interface SplitAnswers {
  readonly salt: string
  readonly weights: readonly number[]
  readonly answers: readonly Answer[]
}

/** Compiles an outcome; the share is the part of the rollout that a schedule grants, 0 to 1. */
export function compileOutcome(parts: OutcomeParts): Outcome {
  const { serve, outside, keyMissing, keyOf, rollout } = parts
  const inside = 'weights' in serve ? compileSplit(serve) : undefined
  const limit = bucketLimit(rollout)
  if (!parts.isRamped) {
    if (limit <= 0) return () => outside
    if (limit >= bucketCount) return compileWhole(parts, inside)
  }
  const { isRamped } = parts
  const gate = new PrefixHash(`${parts.gateSalt}:`)
  return (context, share) => {
    const shareLimit = isRamped ? bucketLimit(rollout * share) : limit
    if (shareLimit <= 0) return outside
    if (shareLimit >= bucketCount && inside === undefined) return serve as Answer
    const key = keyOf(context)
    if (key === undefined) return keyMissing
    if (shareLimit < bucketCount && gate.top30(key) >= shareLimit) return outside
    return inside === undefined ? (serve as Answer) : inside(key)
  }
}

function compileWhole(
  { serve, keyMissing, keyOf }: OutcomeParts,
  inside: ((key: string) => Answer) | undefined,
): Outcome {
  if (inside === undefined) return () => serve as Answer
  return (context) => {
    const key = keyOf(context)
    return key === undefined ? keyMissing : inside(key)
  }
}

function compileSplit({ salt, weights, answers }: SplitAnswers): (key: string) => Answer {
  const hash = new PrefixHash(`${salt}:`)
  const limits = splitLimits(weights)
  const last = limits.length - 1
  return (key) => {
    const bucket = hash.top30(key)
    let index = 0
    while (index < last && bucket >= (limits[index] as number)) index++
    return answers[index] as Answer
  }
}
