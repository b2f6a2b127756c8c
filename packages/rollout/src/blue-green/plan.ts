import { type CanaryOptions, canary, type Plan } from '../plan/plan.ts'
import { parsePlan } from '../plan/plan-schema.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'

/** What may be said about a blue-green plan; the policy has the rest. */
export interface BlueGreenOptions
  extends Omit<CanaryOptions, 'stages' | 'monitorMs' | 'maxFirstStagePercent'> {
  /**
   * Left on the old arm while the new one is monitored, so that guards compare both at the same time; percent, 0 to below
   * 100. Default `policy.blueGreen.holdbackPercent`: 5. With 0 relative guards have nothing to compare with.
   */
  readonly holdbackPercent?: number
  /** How long the new arm is monitored beside the holdback. Default `policy.blueGreen.monitorMs`: 10 minutes. */
  readonly monitorMs?: number
  /**
   * How long it is monitored with all the traffic, while the old arm still stands. Default `policy.canary.lastMonitorMs`: 10
   * minutes.
   */
  readonly lastMonitorMs?: number
}

/**
 * A blue-green plan: the new arm gets all but the holdback at once, and after monitoring the rest (P14).
 *
 * The canary of such a rollout is the idle arm, and the stable one the live arm.
 *
 * @param policy Where every number comes from that the options do not name.
 * @returns Plain, frozen data.
 * @throws SluiceError `invalid_plan`, with the pointer, what was expected and what was found.
 */
export function blueGreen(options: BlueGreenOptions = {}, policy: Policy = defaultPolicy): Plan {
  const { holdbackPercent = policy.blueGreen.holdbackPercent, ...given } = options
  const { monitorMs = policy.blueGreen.monitorMs, ...more } = given
  const { lastMonitorMs = policy.canary.lastMonitorMs, ...rest } = more
  const beside = { rolloutPercent: 100 - holdbackPercent, monitorMs }
  const alone = { rolloutPercent: 100, monitorMs: lastMonitorMs }
  const stages = holdbackPercent === 0 ? [{ ...alone, monitorMs }] : [beside, alone]
  return parsePlan({ ...canary({ ...rest, stages }, policy), kind: 'blue_green' })
}
