import type { FlagDefinitions, KeyOf } from '@sluice/core'
import { SluiceError } from '@sluice/core'
import {
  canary,
  createRolloutController as createControllerOver,
  parsePlan,
  type RolloutController,
  type RolloutControllerOptions,
} from '@sluice/rollout'
import type { Flags } from './open-flags.ts'

/** Of what a controller over an application's flags is made. */
export interface FlagRolloutOptions<D extends FlagDefinitions = FlagDefinitions>
  extends Omit<RolloutControllerOptions, 'replica' | 'environment' | 'flag'> {
  /** What `openFlags` returned: the log, the environment and, by default, the metric source and the lease. */
  readonly flags: Flags<D>
  readonly flag: KeyOf<D>
  /**
   * Counts the plan's cohorts from now on, until the rollout starts, and calibrates its guards by what was counted: so
   * that a canary of few, unlucky users is not taken for a bad one. Default false.
   */
  readonly calibrate?: boolean
}

/**
 * Creates the controller of a flag's rollout, in the environment of the flags. It does nothing by
 * itself until `run`.
 *
 * The metric source is what `flags.guarded` counted, in this process and in all others that share the
 * store where it has an exchange, unless `source` or `judge` is given. Run one in every process: one is
 * on duty, and another takes its place.
 *
 * From the moment a rollback is decided here, these flags serve the canary to nobody, though the store be away and the
 * rollback not be in the log yet.
 *
 * @throws SluiceError `flag_not_found`; `invalid_plan`; `invalid_option`.
 */
export function createRolloutController<D extends FlagDefinitions>(
  options: FlagRolloutOptions<D>,
): RolloutController {
  const { flags, flag, calibrate = false, ...rest } = options
  if (typeof flags?.snapshot !== 'function') {
    const expected = 'flags, as openFlags gives them'
    const message = `There is no rollout without ${expected}. Over a bare replica take createRolloutController of @sluice/rollout.`
    throw new SluiceError('invalid_option', message, { pointer: '/flags', expected })
  }
  if (flags.snapshot().inspect(flag) === undefined) {
    throw new SluiceError('flag_not_found', `There is no flag "${flag}" to roll out.`, { flag })
  }
  if (calibrate) {
    const { stages } = parsePlan(rest.plan ?? canary({}, rest.policy))
    const percents = stages.map(({ rolloutPercent }) => rolloutPercent)
    flags.watchCohorts(flag, percents)
  }
  const lease = flags.createLease(flag, rest.clock)
  const controller = createControllerOver({
    source: flags.fleet(flag),
    ...(lease === undefined ? {} : { lease }),
    ...(calibrate ? { cohorts: (percent: number) => flags.cohort(flag, percent) } : {}),
    ...rest,
    replica: flags.replica,
    environment: flags.environment,
    flag,
  })
  flags.shareVerdicts(flag, controller)
  controller.on('brake', ({ isOn, exposure }) => {
    if (isOn) flags.brake(flag, exposure)
    else flags.release(flag)
  })
  return controller
}
