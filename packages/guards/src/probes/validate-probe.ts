import { SluiceError } from '../error.ts'
import type { CheckGuard } from './check-guard.ts'
import type { CustomReadingGuard } from './custom-reading-guard.ts'
import type { GaugeGuard } from './gauge-guard.ts'

/** A guard that looks for itself, beside the counts. */
export type ProbeGuard = GaugeGuard | CheckGuard | CustomReadingGuard

/** What each metric of a gauge is measured in. */
export const metricUnits: Record<GaugeGuard['metric'], 'share' | 'ms' | 'bytes/s' | 'number'> = {
  cpu: 'share',
  memory: 'share',
  disk: 'share',
  heap: 'share',
  event_loop_delay: 'ms',
  disk_read: 'bytes/s',
  disk_write: 'bytes/s',
  network_in: 'bytes/s',
  network_out: 'bytes/s',
  custom: 'number',
}

/** A day. What takes longer is a mistake in the unit, and a timer set for over 24 days would run at once. */
const longestMs = 86_400_000

/**
 * Returns the guard unchanged when all it says is present and in range. Its function may be absent, as it is in the log.
 *
 * @throws SluiceError `invalid_guard`, naming the guard, the property, what was expected and what was found.
 */
export function validateProbe<G extends ProbeGuard>(guard: G): G {
  if (typeof guard.name !== 'string' || guard.name === '') {
    throw refusal(`The ${guard.kind} guard needs a name that is not empty.`)
  }
  expectOneOf(guard, 'alert', [undefined, 'critical', 'warning'])
  switch (guard.kind) {
    case 'gauge':
      validateGauge(guard)
      break
    case 'check':
      validateCheck(guard)
      break
    case 'custom_reading':
      validateCustomReading(guard)
      break
  }
  return guard
}

function validateGauge(guard: GaugeGuard): void {
  expectOneOf(guard, 'consequence', ['hold', 'warn'])
  expectOneOf(guard, 'metric', Object.keys(metricUnits))
  expectOneOf(guard, 'reader', guard.metric === 'custom' ? ['function'] : ['system', 'function'])
  expectFunction(guard, 'read')
  const { above, below, metric, path } = guard
  if ((above === undefined) === (below === undefined)) {
    throw refusal(`Guard "${guard.name}": exactly one of above and below must be a number.`)
  }
  const side = above === undefined ? 'below' : 'above'
  const threshold = (above ?? below) as number
  const isShare = metricUnits[metric] === 'share'
  const least = metric === 'custom' ? -Number.MAX_VALUE : isShare ? Number.MIN_VALUE : 0
  expectNumber(guard, side, least, isShare ? 1 - Number.EPSILON / 2 : Number.MAX_VALUE, isShare)
  if (side === 'above') expectNumber(guard, 'clear', -Number.MAX_VALUE, threshold)
  else expectNumber(guard, 'clear', threshold, Number.MAX_VALUE)
  expectNumber(guard, 'forMs', 0, longestMs)
  if ((metric === 'disk') !== (path !== undefined)) {
    throw refuse(guard, 'path', metric === 'disk' ? 'a folder' : 'absent but for a disk', path)
  }
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw refuse(guard, 'path', 'a folder', path)
  }
}

function validateCheck(guard: CheckGuard): void {
  expectOneOf(guard, 'consequence', ['rollback', 'hold', 'warn'])
  expectFunction(guard, 'run')
  const { url, run, status } = guard
  if (url !== undefined && run !== undefined) {
    throw refusal(`Guard "${guard.name}": give it a run function or a url, not both.`)
  }
  if (url !== undefined && !isPlainUrl(url)) {
    // What was found may hold a password, so it is not repeated.
    throw refusal(`Guard "${guard.name}": url must be an http or https URL without a password.`)
  }
  if (url !== undefined) expectWhole(guard, 'status', 100, 599)
  else if (status !== undefined) throw refuse(guard, 'status', 'absent without a url', status)
  expectNumber(guard, 'everyMs', 100, longestMs)
  expectNumber(guard, 'timeoutMs', 1, 600_000)
  expectWhole(guard, 'retries', 0, 10)
}

function validateCustomReading(guard: CustomReadingGuard): void {
  expectOneOf(guard, 'consequence', ['hold', 'warn'])
  expectOneOf(guard, 'better', ['higher', 'lower'])
  expectFunction(guard, 'read')
  expectNumber(guard, 'marginRatio', 1, 100)
  expectNumber(guard, 'clearRatio', 1, guard.marginRatio)
  expectNumber(guard, 'forMs', 0, longestMs)
}

function isPlainUrl(text: unknown): boolean {
  if (typeof text !== 'string' || !URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

function read(guard: ProbeGuard, property: string): unknown {
  return (guard as unknown as Record<string, unknown>)[property]
}

function expectNumber(
  guard: ProbeGuard,
  property: string,
  least: number,
  most: number,
  isShare = false,
): void {
  const value = read(guard, property)
  if (typeof value === 'number' && value >= least && value <= most) return
  const unbounded = [
    ...(least === -Number.MAX_VALUE ? [] : [`at least ${least}`]),
    ...(most === Number.MAX_VALUE ? [] : [`at most ${most}`]),
  ].join(' and ')
  const range = isShare ? 'above 0 and below 1' : unbounded || 'that is finite'
  throw refuse(guard, property, `a number ${range}`, value)
}

function expectWhole(guard: ProbeGuard, property: string, least: number, most: number): void {
  const value = read(guard, property)
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return
  throw refuse(guard, property, `a whole number from ${least} to ${most}`, value)
}

function expectOneOf(guard: ProbeGuard, property: string, words: readonly unknown[]): void {
  const value = read(guard, property)
  if (words.includes(value)) return
  const list = words.filter((word) => word !== undefined).join(', ')
  throw refuse(guard, property, words.length === 1 ? list : `one of ${list}`, value)
}

function expectFunction(guard: ProbeGuard, property: string): void {
  const value = read(guard, property)
  if (value === undefined || typeof value === 'function') return
  throw refuse(guard, property, 'a function', value)
}

function refuse(guard: ProbeGuard, property: string, expected: string, found: unknown) {
  return refusal(
    `Guard "${guard.name}": ${property} must be ${expected}; found ${String(found).slice(0, 80)}.`,
  )
}

function refusal(message: string): SluiceError {
  return new SluiceError('invalid_guard', message)
}
