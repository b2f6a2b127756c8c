import { SluiceError } from '@sluice/core'
import { calibrationFactor, type MetricSource } from '@sluice/guards'
import type { Plan } from './plan.ts'

/**
 * What was counted before anybody met the canary: as `canary` those who will be on it at a share, as `stable` the others.
 */
export type CohortSource = (rolloutPercent: number) => MetricSource

/**
 * How much more often the subjects of each stage's canary fail by themselves.
 *
 * @returns One factor per stage, 1 or more; 1 where everybody is on the canary. See `calibrationFactor`.
 * @throws SluiceError `not_calibrated` where nothing was counted yet; whatever the source throws.
 */
export async function measureCalibration(plan: Plan, cohorts: CohortSource): Promise<number[]> {
  const percents = plan.stages.map(({ rolloutPercent }) => rolloutPercent)
  return Promise.all(percents.map((percent) => measure(percent, cohorts)))
}

async function measure(rolloutPercent: number, cohorts: CohortSource): Promise<number> {
  if (rolloutPercent === 100) return 1
  const { canary, stable } = await cohorts(rolloutPercent).read()
  if (canary.requests === 0 || stable.requests === 0) {
    throw new SluiceError(
      'not_calibrated',
      `No requests were counted yet of those who would be on the canary at ${rolloutPercent} percent, or none of the others: let the application run before the rollout starts, or start it without calibration.`,
    )
  }
  return calibrationFactor({ cohort: errorsOf(canary), rest: errorsOf(stable) })
}

/** As the guard counts them: one a unit and minute where units are known. */
function errorsOf(arm: { requests: number; errors: number; failedUnits?: number }) {
  return { requests: arm.requests, errors: arm.failedUnits ?? arm.errors }
}
