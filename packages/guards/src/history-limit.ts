import { checkConfidence, checkGroup, type GroupCounts } from './calibration.ts'
import { betaQuantile } from './calibration-beta.ts'
import { SluiceError } from './error.ts'

/** What was counted at a time like the one to come: the same hour yesterday, or a week ago. */
export interface LimitFromHistoryOptions extends GroupCounts {
  /** The new version may be this many times as bad, 1 or more. Default 1.1. */
  readonly marginRatio?: number
  /** How sure the bound on the past is, above 0.5 and below 1. Default 0.995. */
  readonly confidence?: number
}

/**
 * The limit for `maxErrorRate({ ratio })` where no stable arm runs beside the new version: blue-green without a holdback.
 *
 * It is the margin times the upper Clopper–Pearson bound of the error ratio in the past. It takes for granted that the hour
 * to come is like the hour that was; a holdback of 5 % needs no such faith, and is to be preferred.
 *
 * @returns A ratio above 0 and below 1.
 * @throws SluiceError `invalid_option` where a number is out of range, or the past is too short to give a limit below 1.
 */
export function limitFromHistory(history: LimitFromHistoryOptions): number {
  const { marginRatio = 1.1, confidence = 0.995 } = Object(history) as LimitFromHistoryOptions
  checkGroup('history', history)
  checkConfidence(confidence)
  if (!(marginRatio >= 1 && marginRatio < Infinity)) {
    throw new SluiceError(
      'invalid_option',
      `marginRatio must be 1 or more and finite; found ${marginRatio}.`,
    )
  }
  const { requests, errors } = history
  const bound = errors === requests ? 1 : betaQuantile(confidence, errors + 1, requests - errors)
  const limit = marginRatio * bound
  if (limit < 1) return limit
  throw new SluiceError(
    'invalid_option',
    `${errors} errors of ${requests} requests give no limit below 100 %; take a longer history.`,
  )
}
