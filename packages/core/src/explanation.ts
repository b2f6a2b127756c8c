import type { Answer } from './answer.ts'
import type { EvaluationContext } from './context.ts'
import type { Condition, Exposure } from './definition.ts'
import type { Engines } from './engine-types.ts'
import type { FlagInspection } from './inspection.ts'

/** Why an answer is what it is, step by step. */
export interface Explanation {
  readonly key: string
  readonly environment: string
  /** Equal to what `evaluate` gives. */
  readonly answer: Answer
  /** Where the definition came from: `code`, a file, a log. */
  readonly origin: string
  /** What operators laid over the definition, if anything. */
  readonly exposure?: Exposure
  /** What the segments that its rules name ask for, by name; absent where they name none. */
  readonly segments?: { readonly [name: string]: Condition }
  /** In the order tried; the last one decided. */
  readonly steps: readonly ExplanationStep[]
}

/** One thing that was tried. */
export interface ExplanationStep {
  readonly step:
    | 'lookup'
    | 'enabled'
    | 'schedule'
    | 'prerequisite'
    | 'rule'
    | 'rollout'
    | 'split'
    | 'serve'
  /** Whether the step let the subject on. */
  readonly passed: boolean
  /** One readable line. */
  readonly detail: string
  /** The arithmetic, where a bucket decided. */
  readonly bucketing?: Bucketing
}

/** The arithmetic of the bucketing contract for one subject. */
export interface Bucketing {
  /** What is hashed: salt, colon, key. */
  readonly input: string
  /** An integer in [0, 2^30). */
  readonly bucket: number
  /** The first bucket outside the share. */
  readonly limit: number
}

/** The flags and segments that an explanation is made from: a flag set is one. */
export interface ExplainScope {
  readonly environment: string
  readonly engines: Engines
  inspect(key: string): FlagInspection | undefined
  /** The condition of a segment. */
  condition(segment: string): Condition | undefined
}

/** Explains one flag for one context at an instant; `explainFlag` is the one there is. */
export type ExplainFlag = (
  scope: ExplainScope,
  key: string,
  context: EvaluationContext,
  now: number,
) => Explanation
