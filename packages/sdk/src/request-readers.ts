import type { EvaluationContext, FlagDefinitions, FlagSet } from '@sluice/core'
import { type AnswerSheet, type AnswerSheetOptions, answerSheet } from './answer-sheet.ts'
import { type FlagValues, flagValues, type ShownFlags } from './flag-values.ts'
import { RequestScope, type ScopedFlags, type ScopeSource } from './scoped-flags.ts'

/** The flags for one request, and all of them at once. */
export interface RequestReaders<D extends FlagDefinitions = FlagDefinitions> {
  /**
   * The flags for one request: as they stand now, for this context, whatever moves while the request is under way.
   *
   * It costs one small object, and nothing has to be closed. A scope is for a request, not for a connection: what it
   * serves, nobody can roll back.
   */
  forRequest(context: EvaluationContext): ScopedFlags<D>
  /** The value of every flag for one user, as a plain object; null where a flag has nothing to serve. */
  all(context: EvaluationContext): FlagValues<D>
  all(context: EvaluationContext, shown: ShownFlags<D>): Partial<FlagValues<D>>
  /**
   * The answers of the flags that `shown` lets through, for one user, with variant and reason: what a browser's client
   * starts with.
   *
   * @throws SluiceError `invalid_option` where `shown` does not say which; what `isPublic` throws.
   */
  answerSheet(context: EvaluationContext, shown: ShownFlags<D>): AnswerSheet
}

/** @param now Epoch milliseconds, for schedules. */
export function createRequestReaders(
  source: ScopeSource,
  snapshot: () => FlagSet,
  now: () => number,
): RequestReaders {
  return {
    forRequest: (context) => new RequestScope(source, snapshot(), context, now()),
    all: (context: EvaluationContext, shown: AnswerSheetOptions = {}) =>
      flagValues(snapshot(), context, shown),
    answerSheet: (context, shown) => answerSheet(snapshot(), context, shown),
  }
}
