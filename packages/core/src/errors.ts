const brand = Symbol.for('@sluice/error')

/** What every Sluice error can say beside its message. */
export interface SluiceErrorDetails {
  /** The flag the error is about. */
  flag?: string
  /** Where in the input: a JSON pointer (RFC 6901). */
  pointer?: string
  /** What would have been right there. */
  expected?: string
  /** What stood there. */
  found?: string
  /** The error behind this one. */
  cause?: unknown
}

/**
 * The one error class of set-up and writes; evaluation never throws.
 *
 * Test `code`, never `instanceof`: an application may hold an ESM and a CJS copy of this class.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  /** Lower snake case, stable across versions. */
  readonly code: string
  readonly flag?: string
  readonly pointer?: string
  readonly expected?: string
  readonly found?: string

  constructor(code: string, message: string, details: SluiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details.flag !== undefined) this.flag = details.flag
    if (details.pointer !== undefined) this.pointer = details.pointer
    if (details.expected !== undefined) this.expected = details.expected
    if (details.found !== undefined) this.found = details.found
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether a thrown value is a {@link SluiceError}, from whichever copy of the package. */
export function isSluiceError(value: unknown): value is SluiceError {
  return typeof value === 'object' && value !== null && (value as never)[brand] === true
}
