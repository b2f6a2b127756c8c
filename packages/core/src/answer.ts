import type { Json } from './json.ts'

/** Why an answer is what it is: the OpenFeature resolution reasons this evaluator gives. */
export type Reason = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR'

/** The OpenFeature error codes this evaluator gives. */
export type ErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'

/**
 * The details of one evaluation. Answers are shared between calls and frozen.
 *
 * `value` is undefined where the flag has nothing to serve and the caller named no default.
 */
export interface Answer<V extends Json | undefined = Json | undefined> {
  /** The flag that answers. */
  readonly flagKey: string
  readonly value: V
  readonly variant: string | undefined
  readonly reason: Reason
  /** The id of the rule that decided, where one did. */
  readonly rule?: string | undefined
  readonly errorCode?: ErrorCode
  readonly errorMessage?: string
  /** The log revision that last changed the flag; 0 for definitions from code or a file. */
  readonly flagRevision: number
}
