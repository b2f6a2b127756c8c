import { SluiceError, type Split } from '@sluice/core'
import type { Fault } from '../issue.ts'

/** Sums of decimals miss 100 by rounding; core allows a flag's split as much. */
const sumTolerance = 1e-9

/**
 * Reads weights from anywhere: percent by arm name.
 *
 * @param arms Every arm there is, in declared order. One that is not named gets 0.
 * @returns Frozen, with every arm in declared order.
 * @throws SluiceError `invalid_split` for an arm that is not there, a weight that is no number from 0 to 100, and a sum that
 * is not 100, with pointer, expected and found.
 */
export function checkWeights(input: unknown, arms: readonly string[]): Split {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refuse({ pointer: '', expected: 'an object of weights by arm', found: show(input) })
  }
  let sum = 0
  for (const [arm, weight] of Object.entries(input)) {
    const pointer = `/${arm.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!arms.includes(arm)) {
      throw refuse({ pointer, expected: `one of the arms ${arms.join(', ')}`, found: show(arm) })
    }
    if (!(typeof weight === 'number' && weight >= 0 && weight <= 100)) {
      throw refuse({ pointer, expected: 'a percentage from 0 to 100', found: show(weight) })
    }
    sum += weight
  }
  if (Math.abs(sum - 100) > sumTolerance) {
    throw refuse({ pointer: '', expected: 'weights that sum to 100', found: `a sum of ${sum}` })
  }
  const weights = input as Split
  return Object.freeze(
    Object.fromEntries(arms.map((arm) => [arm, Object.hasOwn(weights, arm) ? weights[arm]! : 0])),
  )
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_split',
    `The split is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
