import type { Answer, ErrorCode } from './answer.ts'
import { SluiceError } from './errors.ts'
import type { FlagInspection } from './inspection.ts'
import { offVariantOf, variantsOf } from './settings.ts'

/** The answer for a flag that could not be evaluated: it is off. */
function failedAnswer(
  {
    key: flagKey,
    definition,
    revision: flagRevision,
  }: Pick<FlagInspection, 'key' | 'definition' | 'revision'>,
  errorCode: ErrorCode,
  errorMessage: string,
): Answer {
  const variant = offVariantOf(definition)
  const value = variant === undefined ? variant : variantsOf(definition)[variant]
  const reason = 'ERROR'
  return Object.freeze({ flagKey, value, variant, reason, errorCode, errorMessage, flagRevision })
}

/** The answer for a key that no flag has. */
export function flagNotFound(asked: string): Answer {
  // Plain JavaScript may ask with a symbol, which a template would not take.
  const key = String(asked)
  return failedAnswer(
    // Without variants there is no value.
    { key, definition: { variants: {} }, revision: 0 },
    'FLAG_NOT_FOUND',
    `there is no flag "${key}"`,
  )
}

/** The answer for a definition that nobody parsed and that cannot be compiled. */
export function malformed(flag: FlagInspection): Answer {
  return failedAnswer(flag, 'PARSE_ERROR', 'the definition is malformed')
}

/**
 * The answer for an evaluation that threw.
 *
 * What was thrown may be anything that a getter of the context chose to throw, so that even looking
 * at it may throw again.
 */
export function evaluationFailed(flag: FlagInspection, thrown: unknown): Answer {
  try {
    if (thrown instanceof SluiceError) return failedAnswer(flag, 'PARSE_ERROR', thrown.message)
  } catch {
    // A proxy was thrown: the answer is the one below.
  }
  return failedAnswer(flag, 'INVALID_CONTEXT', 'the context threw')
}
