import { usageError } from './usage-error.ts'

const unitMs: { readonly [unit: string]: number } = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/**
 * Reads an instant: `2h`, `30m`, `7d` ago, or a date or time in ISO 8601, without a zone in UTC.
 *
 * @param option Named in the error.
 * @returns Epoch milliseconds.
 * @throws SluiceError `invalid_usage`.
 */
export function parseInstant(text: string, now: number, option: string): number {
  const span = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/u.exec(text)
  const unit = span?.[2] === undefined ? undefined : unitMs[span[2]]
  // Nothing was written before 1970: that far back is everything.
  if (span !== null && unit !== undefined) return Math.max(0, now - Number(span[1]) * unit)
  const isIso = /^\d{4}-\d{2}-\d{2}/u.test(text)
  const hasZone = /(?:z|[+-]\d{2}:?\d{2})$/iu.test(text)
  const isDay = /^\d{4}-\d{2}-\d{2}$/u.test(text)
  const at = isIso ? Date.parse(isDay || hasZone ? text : `${text.replace(' ', 'T')}Z`) : Number.NaN
  if (Number.isFinite(at) && isInCalendar(text)) return at
  throw usageError(
    `${option} "${text}" is no time.`,
    'Type 2h, 30m or 7d for as long ago, or 2026-03-01 or 2026-03-01T09:00Z.',
  )
}

/** Node takes the 31st of February for the 3rd of March. */
function isInCalendar(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** `2026-03-02 09:00:00Z`: one zone for a whole team, and one that sorts. */
export function formatInstant(at: number): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return String(at)
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** A duration in its one or two largest units: `45 s`, `12 min`, `3 h 20 min`, `5 d`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} d`
}
