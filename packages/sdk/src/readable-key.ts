import { type EvaluationContext, targetingKeyOf } from '@sluice/core'

/** A context's targeting key; undefined where there is none, or where the application's object throws when it is read. */
export function readableKey(context: EvaluationContext): string | undefined {
  try {
    return targetingKeyOf(context)
  } catch {
    return undefined
  }
}
