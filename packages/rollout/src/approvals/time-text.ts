/** The last instant a date can say, in either direction (ECMA-262). */
const lastInstant = 8.64e15

/** An instant for people, such as `2026-01-01T04:00:00.000Z`; what is none is shown as it is. */
export function toText(at: number): string {
  return Math.abs(at) <= lastInstant ? new Date(at).toISOString() : String(at)
}
