// A time without a zone would mean another instant on another machine; a bare date is UTC.
const isoInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/

/**
 * An instant as epoch milliseconds: from a number, a Date, or ISO 8601 with a zone (a bare date is
 * midnight UTC). NaN for anything else.
 */
export function instantOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return isoInstant.test(value) ? Date.parse(value) : Number.NaN
  return value instanceof Date ? value.getTime() : Number.NaN
}
