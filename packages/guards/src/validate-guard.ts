import { declaredConditions } from './counts.ts'
import { SluiceError } from './error.ts'
import type { Guard } from './guard.ts'
import { bucketLowerMs, LATENCY_BUCKETS, SHORTEST_MS } from './latency-histogram.ts'
import { isProbeKind, probeKinds } from './probes/probe-kinds.ts'
import { type ProbeGuard, validateProbe } from './probes/validate-probe.ts'

type Range = readonly [least: number, most: number, bounds: 'closed' | 'open']

/** Above 100 × a margin no longer says anything; it is a misplaced percentage. */
const LARGEST_RATIO = 100

const SHARE: Range = [0, 1, 'open']
const RATIO: Range = [1, LARGEST_RATIO, 'closed']
const COUNT: Range = [1, Number.MAX_SAFE_INTEGER, 'closed']

type Ranges = Readonly<Record<string, Range>>

const ratios: Ranges = {
  marginRatio: RATIO,
  rollbackRatio: RATIO,
  minRequests: COUNT,
  confidence: SHARE,
}

const rangesOfKind: Record<Exclude<Guard, ProbeGuard>['kind'], Ranges> = {
  error_rate: { ...ratios, floorRatio: SHARE, minErrors: COUNT, clusterSize: COUNT },
  latency: ratios,
  max_error_rate: { ratio: SHARE, minErrors: COUNT, minRequests: COUNT, clusterSize: COUNT },
  max_latency: {
    // The last bucket has no upper bound: a limit in it could never be exceeded.
    ms: [SHORTEST_MS, bucketLowerMs(LATENCY_BUCKETS - 1), 'closed'],
    quantile: SHARE,
    minErrors: COUNT,
    minRequests: COUNT,
  },
  custom: { ...ratios, minErrors: COUNT, clusterSize: COUNT },
  sample_ratio: { minUnits: COUNT },
  declaration: {},
  all: {},
  any: {},
}

/**
 * Returns the guard unchanged when every number is present and in range.
 *
 * @throws SluiceError `invalid_guard`, naming the guard, the property, what was expected and what was found.
 */
export function validateGuard<G extends Guard>(guard: G): G {
  if (isProbeKind(guard?.kind)) return validateProbe(guard as ProbeGuard) as G
  const kind = guard?.kind as keyof typeof rangesOfKind
  const ranges = Object.hasOwn(rangesOfKind, kind) ? rangesOfKind[kind] : undefined
  if (ranges === undefined) {
    const kinds = [...Object.keys(rangesOfKind), ...probeKinds].join(', ')
    throw new SluiceError('invalid_guard', `A guard's kind is one of ${kinds}; found ${kind}.`)
  }
  if (typeof guard.name !== 'string' || guard.name === '') {
    throw new SluiceError('invalid_guard', `The ${kind} guard needs a name that is not empty.`)
  }
  requireOneOf(guard, 'consequence', ['rollback', 'hold', 'warn'])
  if (guard.alert !== undefined) requireOneOf(guard, 'alert', ['critical', 'warning'])
  const numbers = guard as unknown as Record<string, unknown>
  for (const [property, range] of Object.entries(ranges)) {
    const value = numbers[property]
    if (!isWithin(value, range)) refuse(guard, property, describeRange(range), value)
  }
  if ('rollbackRatio' in guard && guard.rollbackRatio < guard.marginRatio) {
    const expected = `marginRatio (${guard.marginRatio}) or more`
    refuse(guard, 'rollbackRatio', expected, guard.rollbackRatio)
  }
  validateWords(guard)
  return guard
}

/** What is not a number. */
function validateWords(guard: Guard): void {
  switch (guard.kind) {
    case 'error_rate':
      requireOneOf(guard, 'countErrors', ['by_unit', 'by_request'])
      break
    case 'latency':
      if (guard.statistic !== 'mean' && !isWithin(guard.statistic, SHARE)) {
        refuse(guard, 'statistic', `'mean', or ${describeRange(SHARE)}`, guard.statistic)
      }
      break
    case 'custom':
      requireOneOf(guard, 'of', ['count', 'value'])
      requireOneOf(guard, 'better', ['higher', 'lower'])
      if (typeof guard.series !== 'string' || guard.series === '') {
        refuse(guard, 'series', 'the name of a series', guard.series)
      }
      break
    case 'sample_ratio':
      requireOneOf(guard, 'consequence', ['hold', 'warn'])
      break
    case 'declaration':
      requireList(guard, 'conditions', guard.conditions)
      for (const condition of guard.conditions) {
        if (declaredConditions.includes(condition)) continue
        refuse(guard, 'conditions', declaredConditions.join(', '), condition)
      }
      break
    case 'all':
    case 'any':
      requireList(guard, 'guards', guard.guards)
      for (const part of guard.guards) validateGuard(part)
      break
  }
}

function requireList(guard: Guard, property: string, found: unknown): void {
  if (Array.isArray(found) && found.length > 0) return
  refuse(guard, property, 'a list that is not empty', found)
}

function requireOneOf(guard: Guard, property: string, words: readonly string[]): void {
  const found = (guard as unknown as Record<string, unknown>)[property]
  if (!words.includes(found as string)) refuse(guard, property, words.join(' or '), found)
}

function isWithin(value: unknown, [least, most, bounds]: Range): boolean {
  if (typeof value !== 'number') return false
  return bounds === 'open' ? value > least && value < most : value >= least && value <= most
}

function describeRange([least, most, bounds]: Range): string {
  return bounds === 'open'
    ? `a number above ${least} and below ${most}`
    : `a number from ${least} to ${most}`
}

function refuse(guard: Guard, property: string, expected: string, found: unknown): never {
  throw new SluiceError(
    'invalid_guard',
    `Guard "${guard.name}": ${property} must be ${expected}; found ${String(found)}.`,
  )
}
