import type { Answer } from './answer.ts'
import { bucketCount, bucketLimit, splitLimits } from './bucket.ts'
import type { EvaluationContext } from './context.ts'
import { PrefixHash } from './hash.ts'
import { rampShare, type ScheduleWindow } from './schedule.ts'
import type { Decide } from './scope.ts'

/** What a rule, or the end of the rules, does with a subject. Undefined: go to the next rule. */
export type Outcome = (...input: Parameters<Decide>) => Answer | undefined

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
  /** The schedule that the rollout grows along, where there is one. */
  readonly ramp: ScheduleWindow | undefined
}

/** A split, compiled to answers: both lists in the order of the flag's variants. */
export interface SplitAnswers {
  readonly salt: string
  readonly weights: readonly number[]
  readonly answers: readonly Answer[]
}

/** Compiles an outcome. A ramped one is to be given the instant it is asked at. */
export function compileOutcome(parts: OutcomeParts): Outcome {
  const { serve, outside, keyMissing, keyOf, rollout, ramp } = parts
  const limit = bucketLimit(rollout)
  if (limit <= 0) return () => outside
  const inside = 'weights' in serve ? compileSplit(serve) : undefined
  if (limit >= bucketCount && inside === undefined && ramp === undefined) {
    return () => serve as Answer
  }
  const gate = new PrefixHash(`${parts.gateSalt}:`)
  return (context, _scope, now) => {
    const reached = ramp ? bucketLimit(rollout * (rampShare(ramp, now as number) ?? 0)) : limit
    if (reached <= 0) return outside
    if (reached >= bucketCount && inside === undefined) return serve as Answer
    const key = keyOf(context)
    if (key === undefined) return keyMissing
    if (reached < bucketCount && gate.top30(key) >= reached) return outside
    return inside === undefined ? (serve as Answer) : inside(key)
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
