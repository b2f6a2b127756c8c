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
  declare readonly code: string
  declare readonly flag?: string
  declare readonly pointer?: string
  declare readonly expected?: string
  declare readonly found?: string

  constructor(code: string, message: string, details: SluiceErrorDetails = {}) {
    // Error takes the cause; assigning it once more leaves it as it is, not enumerable.
    super(message, details)
    Object.assign(this, details)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether a thrown value is a {@link SluiceError}, from whichever copy of the package. */
export function isSluiceError(value: unknown): value is SluiceError {
  try {
    return typeof value === 'object' && value !== null && (value as never)[brand] === true
  } catch {
    // A proxy may throw whatever is asked of it.
    return false
  }
}
