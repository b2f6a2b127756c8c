import { SluiceError } from './error.ts'

/** A number as JSON can hold it: the three that it cannot stand as their names. */
export type SavedNumber = number | 'NaN' | 'Infinity' | '-Infinity'

/** Plain JSON for one number, exact. */
export function saveNumber(value: number): SavedNumber {
  return Number.isFinite(value) ? value : (String(value) as SavedNumber)
}

/** Plain JSON for a list of numbers, exact to the last bit. */
export function saveNumbers(values: ArrayLike<number>): SavedNumber[] {
  return Array.from(values, saveNumber)
}

/**
 * Reads what {@link saveNumber} wrote.
 *
 * @throws SluiceError `invalid_checkpoint` for anything else.
 */
export function restoreNumber(saved: unknown): number {
  if (typeof saved === 'number' && Number.isFinite(saved)) return saved
  if (saved === 'NaN' || saved === 'Infinity' || saved === '-Infinity') return Number(saved)
  throw refuseCheckpoint(`a number stands as ${String(JSON.stringify(saved)).slice(0, 40)}`)
}

/**
 * Reads a list of numbers into the place it came from.
 *
 * @throws SluiceError `invalid_checkpoint` where it has another length, or holds what is no number.
 */
export function restoreNumbers(into: Float64Array | Int32Array, saved: unknown): void {
  if (!Array.isArray(saved) || saved.length !== into.length) {
    throw refuseCheckpoint(`a list of ${into.length} numbers was expected`)
  }
  for (let index = 0; index < into.length; index++) into[index] = restoreNumber(saved[index])
}

/**
 * Reads a list of so many numbers.
 *
 * @throws SluiceError `invalid_checkpoint`.
 */
export function readNumbers(saved: unknown, length: number): Float64Array {
  const numbers = new Float64Array(length)
  restoreNumbers(numbers, saved)
  return numbers
}

/** An error that says why saved evidence is not taken up. */
export function refuseCheckpoint(because: string): SluiceError {
  return new SluiceError(
    'invalid_checkpoint',
    `The saved evidence of the guards cannot be read: ${because}.`,
  )
}
