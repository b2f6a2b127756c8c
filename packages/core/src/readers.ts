import type { Answer } from './answer.ts'
import type { EvaluationContext } from './context.ts'
import type { FlagDefinition, FlagDefinitions } from './definition.ts'
import type { Explanation } from './explanation.ts'
import type { Json } from './json.ts'

/** The keys of a set of definitions; any string where they are not known when compiling. */
export type KeyOf<D extends FlagDefinitions> = keyof D & string

/** The values a flag can answer: those of its variants, or true and false. */
export type ValueOf<F extends FlagDefinition> = F extends {
  readonly variants: infer V extends { readonly [name: string]: Json }
}
  ? Widen<V[keyof V]>
  : 'variants' extends keyof F
    ? Json
    : boolean

type Widen<V> = V extends boolean
  ? boolean
  : V extends string
    ? string
    : V extends number
      ? number
      : V

/** What may accompany one evaluation. */
export interface EvaluateOptions {
  /** Epoch milliseconds to evaluate schedules at. Default: the flag set's clock. */
  readonly now?: number
}

/** The questions an application asks. None of them throws, blocks or changes its input. */
export interface FlagReaders<D extends FlagDefinitions = FlagDefinitions> {
  /** Whether a boolean flag is on for this context. Unknown flags and errors are off. */
  isEnabled(key: KeyOf<D>, context?: EvaluationContext): boolean
  /** The value of a boolean flag, or the fallback on an error or another type. */
  boolean(key: KeyOf<D>, context: EvaluationContext, fallback: boolean): boolean
  /** The value of a string flag, or the fallback where it is off without a value, on an error or another type. */
  string(key: KeyOf<D>, context: EvaluationContext, fallback: string): string
  /** The value of a number flag, or the fallback, as for strings. */
  number(key: KeyOf<D>, context: EvaluationContext, fallback: number): number
  /** The value of an object or list flag, or the fallback, as for strings. */
  object<T extends Json>(key: KeyOf<D>, context: EvaluationContext, fallback: T): Json | T
  /** The answer with variant, reason and error; shared between calls and frozen. */
  evaluate<K extends KeyOf<D>>(
    key: K,
    context?: EvaluationContext,
    options?: EvaluateOptions,
  ): Answer<ValueOf<D[K]> | undefined>
  /** The answer of every flag for one context, each as `evaluate` gives it, in no particular order. */
  evaluateAll(context?: EvaluationContext, options?: EvaluateOptions): Answer[]
  /** The same answer as `evaluate`, with every step that led to it. */
  explain(key: KeyOf<D>, context?: EvaluationContext, options?: EvaluateOptions): Explanation
}
