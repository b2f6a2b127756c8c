import type { Answer } from './answer.ts'
import type { AnswerFactory, CompiledSplit } from './answers.ts'
import { bucketCount, bucketLimit } from './bucket.ts'
import {
  type AttributeReader,
  asKey,
  type EvaluationContext,
  readAttribute,
  readerOf,
  targetingKeyOf,
} from './context.ts'
import { PrefixHash } from './hash.ts'
import type { FlagInspection } from './inspection.ts'
import { rampShare, type ScheduleWindow } from './schedule.ts'
import type { FlagSettings } from './settings.ts'

/** What an outcome chooses between. */
export interface OutcomeParts {
  readonly rollout: number
  /** The answer for everybody inside, or the split between variants. */
  readonly inside: Answer | CompiledSplit
  /** Makes the answer for those outside; undefined sends them on. */
  readonly outside: () => Answer | undefined
  /** The rule's, where it is one. */
  readonly id?: string
  /** The schedule that the rollout grows along, where there is one. */
  readonly ramp?: ScheduleWindow | undefined
}

/**
 * What a rule, or the end of the rules, does with a subject.
 *
 * A record and not a closure: a thousand flags then run the same few lines, which V8 inlines.
 */
export interface Outcome {
  readonly limit: number
  readonly gate: PrefixHash | undefined
  /** Undefined for the targeting key. */
  readonly bucketBy: AttributeReader | undefined
  readonly outside: Answer | undefined
  readonly serve: Answer | undefined
  readonly split: CompiledSplit | undefined
  readonly keyMissing: Answer | undefined
  readonly rollout: number
  readonly ramp: ScheduleWindow | undefined
}

/** Compiles an outcome. A ramped one is to be given the instant it is asked at. */
export function compileOutcome(
  { definition: { bucketBy } }: FlagInspection,
  { gateSalt }: FlagSettings,
  answers: AnswerFactory,
  { rollout, inside, outside, id, ramp }: OutcomeParts,
): Outcome {
  const limit = bucketLimit(rollout)
  const isSplit = 'limits' in inside
  // What no subject can meet is not made: most rules of most flags have one answer.
  const isPartial = !(limit >= bucketCount) || ramp !== undefined
  const needsKey = limit > 0 && (isPartial || isSplit)
  return {
    limit,
    gate: needsKey ? new PrefixHash(`${gateSalt}:`) : undefined,
    bucketBy: bucketBy === undefined ? bucketBy : readerOf(bucketBy),
    outside: isPartial ? outside() : undefined,
    serve: isSplit ? undefined : inside,
    split: isSplit ? inside : undefined,
    keyMissing: needsKey ? answers.keyMissing(id) : undefined,
    rollout,
    ramp,
  }
}

/** @param now Must be given where there is a ramp. Undefined as an answer: go to the next rule. */
export function decideOutcome(
  outcome: Outcome,
  context?: EvaluationContext,
  now?: number,
): Answer | undefined {
  // Nobody's key is needed: the answer is everybody's.
  if (outcome.keyMissing === undefined) return outcome.limit > 0 ? outcome.serve : outcome.outside
  return decideByKey(outcome, context, now)
}

function decideByKey(
  outcome: Outcome,
  context: EvaluationContext,
  now: number | undefined,
): Answer | undefined {
  let { limit, ramp, split, serve, outside } = outcome
  if (ramp) limit = bucketLimit(outcome.rollout * (rampShare(ramp, now as number) ?? 0))
  if (limit <= 0) return outside
  if (limit >= bucketCount && split === undefined) return serve
  const { bucketBy } = outcome
  const key = bucketBy ? asKey(readAttribute(bucketBy, context)) : targetingKeyOf(context)
  if (key === undefined) return outcome.keyMissing
  if (limit < bucketCount && (outcome.gate as PrefixHash).top30(key) >= limit) return outside
  if (split === undefined) return serve
  const { limits } = split
  const bucket = split.hash.top30(key)
  // Counts the limits at or below the bucket by their sign bits: a processor cannot guess where a
  // search would end.
  let index = 0
  for (const limit of limits) index -= (limit + ~bucket) >> 31
  return split.answers[index]
}
