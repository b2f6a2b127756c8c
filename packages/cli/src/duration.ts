import { formatDuration } from './time.ts'
import { usageError } from './usage-error.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long ago: `12 s ago`. A moment that is to come, by another clock, is now. */
export function formatAge(at: number, now: number): string {
  return `${formatDuration(now - at)} ago`
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
