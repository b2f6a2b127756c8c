import { SluiceError } from './error.ts'
import type { Guard } from './guard.ts'
import { bucketLowerMs, LATENCY_BUCKETS, SHORTEST_MS } from './latency-histogram.ts'

type Range = readonly [least: number, most: number, bounds: 'closed' | 'open']

/** Above 100 × a margin no longer says anything; it is a misplaced percentage. */
const LARGEST_RATIO = 100

const SHARE: Range = [0, 1, 'open']
const RATIO: Range = [1, LARGEST_RATIO, 'closed']
const COUNT: Range = [1, Number.MAX_SAFE_INTEGER, 'closed']

const rangesOfKind: Record<Guard['kind'], Record<string, Range>> = {
  error_rate: {
    marginRatio: RATIO,
    rollbackRatio: RATIO,
    floorRatio: SHARE,
    minErrors: COUNT,
    minRequests: COUNT,
    confidence: SHARE,
  },
  latency: { marginRatio: RATIO, rollbackRatio: RATIO, minRequests: COUNT, confidence: SHARE },
  max_error_rate: { ratio: SHARE, minErrors: COUNT, minRequests: COUNT },
  max_latency: {
    // The last bucket has no upper bound: a limit in it could never be exceeded.
    ms: [SHORTEST_MS, bucketLowerMs(LATENCY_BUCKETS - 1), 'closed'],
    quantile: SHARE,
    minErrors: COUNT,
    minRequests: COUNT,
  },
}

/**
 * Returns the guard unchanged when every number is present and in range.
 *
 * @throws SluiceError `invalid_guard`, naming the guard, the property, what was expected and what was found.
 */
export function validateGuard<G extends Guard>(guard: G): G {
  const ranges = rangesOfKind[guard?.kind]
  if (ranges === undefined) {
    const kinds = Object.keys(rangesOfKind).join(', ')
    throw new SluiceError(
      'invalid_guard',
      `A guard's kind is one of ${kinds}; found ${guard?.kind}.`,
    )
  }
  if (typeof guard.name !== 'string' || guard.name === '') {
    throw new SluiceError(
      'invalid_guard',
      `The ${guard.kind} guard needs a name that is not empty.`,
    )
  }
  if (!['rollback', 'hold', 'warn'].includes(guard.consequence)) {
    refuse(guard, 'consequence', 'rollback, hold or warn', guard.consequence)
  }
  const numbers = guard as unknown as Record<string, unknown>
  for (const [property, range] of Object.entries(ranges)) {
    const value = numbers[property]
    if (!isWithin(value, range)) refuse(guard, property, describeRange(range), value)
  }
  if ('rollbackRatio' in guard && guard.rollbackRatio < guard.marginRatio) {
    refuse(
      guard,
      'rollbackRatio',
      `marginRatio (${guard.marginRatio}) or more`,
      guard.rollbackRatio,
    )
  }
  return guard
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
