const brand = Symbol.for('@sluice/error')

/**
 * The error of guard definitions and metric counts.
 *
 * Test `code`, never `instanceof`. Guards import nothing of ours, so the class is written here once more; the shared
 * brand and name make it the same error to every check.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError'
  /** Lower snake case, stable across versions. */
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }
}
