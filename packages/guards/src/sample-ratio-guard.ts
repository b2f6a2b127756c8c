import type { GuardBase } from './guard.ts'
import { validateGuard } from './validate-guard.ts'

/** Compares how many units each arm has with the share it was to have. */
export interface SampleRatioGuard extends GuardBase {
  kind: 'sample_ratio'
  /** A mismatch says that the counts are not to be trusted; it is no reason to go back. */
  consequence: 'hold' | 'warn'
  /** Fewer units in all never fail. Default 500. */
  minUnits: number
}

/**
 * Fails when the arms' units do not stand in the configured proportion: a sign that some requests are counted wrongly,
 * redirected or lost.
 *
 * It needs a source that knows units. It never rolls back and never stands in the way of a guard that does. Default
 * consequence `warn`.
 *
 * @throws SluiceError `invalid_guard`.
 */
export function sampleRatio(
  options: Partial<Omit<SampleRatioGuard, 'kind'>> = {},
): SampleRatioGuard {
  return validateGuard({
    kind: 'sample_ratio',
    name: 'sample_ratio',
    consequence: 'warn',
    minUnits: 500,
    ...options,
  })
}
