import type { Answer } from './answer.ts'
import type { Test } from './condition.ts'
import type { EvaluationContext } from './context.ts'

/** What a compiled flag looks up in its flag set while it is asked. */
export interface Scope {
  /** The compiled segment; a missing one throws, which the answer reports. */
  segment(key: string): Test
  /** The answer of another flag, for prerequisites. */
  decide(key: string, context: EvaluationContext, now: number | undefined): Answer
}
