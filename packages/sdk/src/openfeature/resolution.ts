import type { Answer } from '@sluice/core'
import type { FlagMetadata, ValueType } from '../answer-value.ts'

/** What is read of an answer, from a flag set or from a browser's answers. */
export type Resolvable = Partial<Pick<Answer, 'variant' | 'errorMessage'>> & {
  readonly value?: unknown
  readonly reason: string
  readonly errorCode?: string | undefined
}

/** OpenFeature's `ResolutionDetails`, in words that need neither of its SDKs. */
export interface Resolution<T> {
  readonly value: T
  readonly reason: string
  readonly variant?: string
  readonly flagMetadata?: FlagMetadata
  readonly errorCode?: string
  readonly errorMessage?: string
}

/** An answer whose own value can be served. */
export function serve<T>(answer: Resolvable, flagMetadata?: FlagMetadata): Resolution<T> {
  const { value, reason } = answer
  return Object.freeze({ value: value as T, reason, ...marks(answer, flagMetadata) })
}

/**
 * The caller's default, and why it is served: the flag has an error, a value of another type, or no
 * value for those who are outside.
 */
export function fallBack<T>(
  key: string,
  type: ValueType,
  fallback: T,
  answer: Resolvable,
  flagMetadata?: FlagMetadata,
): Resolution<T> {
  const { value, reason, errorCode, errorMessage } = answer
  if (errorCode !== undefined) return failed(fallback, errorCode, errorMessage, flagMetadata)
  if (value === undefined) {
    return { value: fallback, reason, ...marks(answer, flagMetadata) }
  }
  const message = `flag "${key}" serves ${nameOf(value === null ? 'null' : typeof value)}, and ${nameOf(type)} was asked for`
  return failed(fallback, 'TYPE_MISMATCH', message, flagMetadata)
}

/** The caller's default, while there is nothing yet that could answer. */
export function notReady<T>(fallback: T): Resolution<T> {
  return failed(fallback, 'PROVIDER_NOT_READY', 'the flags are not open')
}

function failed<T>(
  value: T,
  errorCode: string,
  errorMessage: string | undefined,
  flagMetadata?: FlagMetadata,
): Resolution<T> {
  return {
    ...{ value, reason: 'ERROR', errorCode },
    ...(errorMessage === undefined ? {} : { errorMessage }),
    ...(flagMetadata === undefined ? {} : { flagMetadata }),
  }
}

/** What is left out where there is none, as OpenFeature's details leave it out. */
function marks({ variant }: Resolvable, flagMetadata: FlagMetadata | undefined) {
  return {
    ...(variant === undefined ? {} : { variant }),
    ...(flagMetadata === undefined ? {} : { flagMetadata }),
  }
}

/** A type with its article. */
function nameOf(type: string): string {
  return type === 'object' ? 'an object' : type === 'null' ? type : `a ${type}`
}
