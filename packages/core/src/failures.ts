import type { Answer, ErrorCode } from './answer.ts'
import { SluiceError } from './errors.ts'
import type { FlagInspection } from './flag-entry.ts'
import { offVariantOf, variantsOf } from './settings.ts'

/** The answer for a key that no flag has. */
export function flagNotFound(key: string): Answer {
  return {
    value: undefined,
    variant: undefined,
    reason: 'ERROR',
    errorCode: 'FLAG_NOT_FOUND',
    errorMessage: `there is no flag "${key}"`,
    flagRevision: 0,
  }
}

/**
 * The answer for an evaluation that threw: the flag is off.
 *
 * What was thrown may be anything that a getter of the context chose to throw, so that even looking
 * at it may throw again.
 */
export function evaluationFailed(
  { definition, revision }: FlagInspection,
  thrown: unknown,
): Answer {
  const [errorCode, errorMessage] = classify(thrown)
  const variant = offVariantOf(definition)
  return {
    value: variant === undefined ? undefined : variantsOf(definition)[variant],
    variant,
    reason: 'ERROR',
    errorCode,
    errorMessage,
    flagRevision: revision,
  }
}

function classify(thrown: unknown): [ErrorCode, string] {
  try {
    if (thrown instanceof SluiceError) return ['PARSE_ERROR', thrown.message]
    if (thrown instanceof RangeError) return ['GENERAL', 'the flag is nested too deeply']
  } catch {
    // A proxy was thrown: the answer is the one below.
  }
  return ['INVALID_CONTEXT', 'the context threw while it was read']
}
