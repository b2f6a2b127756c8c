import { betaQuantile } from './calibration-beta.ts'
import { SluiceError } from './error.ts'

/** Requests and errors of a group of users over some time. */
export interface GroupCounts {
  readonly requests: number
  /** At most `requests`. */
  readonly errors: number
}

/** What was measured before anybody met the canary, over the same time. */
export interface CalibrationCounts {
  /** The users who will be on the canary. */
  readonly cohort: GroupCounts
  /** Everybody else. */
  readonly rest: GroupCounts
  /** How sure the bound is, above 0.5 and below 1. Default 0.975. */
  readonly confidence?: number
}

/** A guard that expects more than 25 times as many errors has no bet left: 25 is its largest. */
const LARGEST_FACTOR = 25

/**
 * How much more often the users of a sticky canary may fail by themselves than the others do, canary or not.
 *
 * A canary that keeps its users is as good or bad as these users are. The hash tells who they will be, so count them apart for
 * a while before they meet it, and give the factor to the guards: the canary's requests then count so many times.
 *
 * The factor is the upper bound of cohort's error ratio ÷ the rest's: exact (Clopper–Pearson) on the cohort's share of all
 * errors. Few errors give a wide bound; no error in the rest gives the largest factor. The longer one counts, the
 * closer to 1 it comes and the less power it costs.
 *
 * @returns 1 … 25.
 * @throws SluiceError `invalid_option` where a count is none, a group has no requests, or the confidence is out of range.
 */
export function calibrationFactor(counts: CalibrationCounts): number {
  const { cohort, rest, confidence = 0.975 } = counts
  checkGroup('cohort', cohort)
  checkGroup('rest', rest)
  checkConfidence(confidence)
  // Without an error in the rest the cohort may own them all: no finite bound.
  if (rest.errors === 0) return LARGEST_FACTOR
  const share = betaQuantile(confidence, cohort.errors + 1, rest.errors)
  const ratio = ((share / (1 - share)) * rest.requests) / cohort.requests
  return Math.min(LARGEST_FACTOR, Math.max(1, ratio))
}

/**
 * Returns when the counts are counts and there are some.
 *
 * @throws SluiceError `invalid_option`.
 */
export function checkGroup(name: string, group: GroupCounts): void {
  const { requests, errors } = Object(group) as GroupCounts
  if (isCount(requests) && requests > 0 && isCount(errors) && errors <= requests) return
  throw new SluiceError(
    'invalid_option',
    `${name} needs requests above 0 and errors from 0 to that; found ${errors} errors of ${requests} requests.`,
  )
}

/**
 * Returns when a confidence is one that bounds anything.
 *
 * @throws SluiceError `invalid_option`.
 */
export function checkConfidence(confidence: number): void {
  if (confidence > 0.5 && confidence < 1) return
  throw new SluiceError(
    'invalid_option',
    `confidence must be above 0.5 and below 1; found ${confidence}.`,
  )
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
