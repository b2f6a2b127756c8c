import { SluiceError } from '@sluice/core'
import { calibrationFactor, type MetricSource } from '@sluice/guards'
import type { Plan } from '../plan/plan.ts'

/**
 * What was counted before anybody met the canary: as `canary` those who will be on it at a share, as `stable` the others.
 */
export type CohortSource = (rolloutPercent: number) => MetricSource

/**
 * How much more often the subjects of each stage's canary fail by themselves.
 *
 * @returns One factor per stage, 1 or more; 1 where everybody is on the canary. See `calibrationFactor`.
 * @throws SluiceError `not_calibrated` where nothing was counted yet, or too little to tell; whatever the source throws.
 */
export async function measureCalibration(plan: Plan, cohorts: CohortSource): Promise<number[]> {
  const percents = plan.stages.map(({ rolloutPercent }) => rolloutPercent)
  return Promise.all(percents.map((percent) => measure(percent, cohorts)))
}

/**
 * Guards bet on canaries up to 25 times as bad. One that may be five times as bad by itself leaves them a factor of five,
 * and hides a canary that is three times as bad behind what its users may be.
 */
const largestFactor = 5

async function measure(rolloutPercent: number, cohorts: CohortSource): Promise<number> {
  if (rolloutPercent === 100) return 1
  const { canary, stable } = await cohorts(rolloutPercent).read()
  if (canary.requests === 0 || stable.requests === 0) {
    throw new SluiceError(
      'not_calibrated',
      `No requests were counted yet of those who would be on the canary at ${rolloutPercent} percent, or none of the others: let the application run before the rollout starts, or start it without calibration.`,
    )
  }
  const factor = calibrationFactor({ cohort: errorsOf(canary), rest: errorsOf(stable) })
  if (factor <= largestFactor) return factor
  throw new SluiceError(
    'not_calibrated',
    `By what was counted so far, the subjects of ${rolloutPercent} percent may fail up to ${factor.toFixed(1)} times as often by themselves: with so little known, guards would see almost nothing. Count for longer before the rollout starts, begin with a larger share, or start it without calibration.`,
  )
}

/** As the guard counts them: one a unit and minute where units are known. */
function errorsOf(arm: { requests: number; errors: number; failedUnits?: number }) {
  return { requests: arm.requests, errors: arm.failedUnits ?? arm.errors }
}
