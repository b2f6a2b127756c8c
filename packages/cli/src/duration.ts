import { usageError } from './usage-error.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** A time span in its two largest units that say something: `45 s`, `12 min`, `1 h 5 min`, `3 d`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs)
  const seconds = Math.round(ms / secondMs)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.round(ms / minuteMs)
  if (minutes < 60) return `${minutes} min`
  if (minutes < 48 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(ms / hourMs)
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** How long ago: `12 s ago`. A moment that is to come, by another clock, is now. */
export function formatAge(at: number, now: number): string {
  return `${formatDuration(now - at)} ago`
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}

const units: { readonly [unit: string]: number } = {
  ...{ ms: 1, s: secondMs, min: minuteMs, m: minuteMs, h: hourMs, d: dayMs },
}

/**
 * Reads a time span as people type it: `90s`, `10min`, `1h`, `1h30m`.
 *
 * @param option Names the option in the error.
 * @returns Milliseconds, above 0.
 * @throws SluiceError `invalid_usage`.
 */
export function parseDuration(typed: string, option: string): number {
  const parts = [...typed.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gu)]
  const total = parts.reduce((sum, [, count, unit = '']) => {
    const factor = Object.hasOwn(units, unit) ? units[unit]! : Number.NaN
    return sum + Number(count) * factor
  }, 0)
  const isWhole = parts.map(([part]) => part).join('') === typed.trim()
  if (isWhole && total > 0) return total
  throw usageError(`${option} ${typed} is no time span.`, 'Write 30s, 10min, 1h or 2d.')
}
