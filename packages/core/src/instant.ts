/** A time without a zone would mean another instant on another machine; a bare date is UTC. */
export const isoInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/**
 * An instant as epoch milliseconds: from a number, a Date, or ISO 8601 with a zone (a bare date is
 * midnight UTC). NaN for anything else, and for a day that its month does not have.
 */
export function instantOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof Date) return value.getTime()
  // Some engines take 30 February for 2 March and others for nothing: the day must come back.
  return typeof value === 'string' &&
    isoInstant.test(value) &&
    new Date(value.slice(0, 10)).getUTCDate() === Number(value.slice(8, 10))
    ? Date.parse(value)
    : Number.NaN
}
