import type { Answer } from './answer.ts'
import type { Exposure } from './definition.ts'

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
