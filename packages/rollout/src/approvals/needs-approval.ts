import type { Exposure, Split } from '@sluice/core'
import { isAmong } from '../environment-name.ts'
import type { Plan } from '../plan/plan.ts'
import type { Policy } from '../policy/policy.ts'

/** A change of what reaches people. */
export interface ExposureChange {
  readonly environment: string
  /** What stands: a percentage, or an exposure; undefined or empty where the definition alone decides. */
  readonly before: Exposure | number | undefined
  /** What is to stand. A plan ends at 100 percent, and rises on the way. */
  readonly after: Exposure | number | Plan
  /**
   * The variant that is how it was before: more of it is less exposure. Default `off` where there is one, else the first
   * of those that stand; where none stand, more of any variant is more exposure.
   */
  readonly baseline?: string
}

/**
 * Whether a change needs an approval: anything that may reach more people with something new, where the policy requires
 * it. Going down never does. Pure.
 *
 * A percentage of a flag that is off reaches nobody and needs none. A split of one does, for a rollout that turns the
 * flag on keeps it.
 *
 * Where only the definition knows what stands, it is taken for the least before and the most after: in doubt it asks.
 */
export function needsApproval(
  { environment, before, after, baseline }: ExposureChange,
  { approvals }: Policy,
): boolean {
  if (!isAmong(approvals.requiredIn, environment)) return false
  if (typeof after === 'object' && 'stages' in after) return true
  return isRise(toExposure(before), toExposure(after), baseline)
}

function isRise(before: Exposure, after: Exposure, baseline: string | undefined): boolean {
  if (after.enabled === false) {
    return before.enabled === false && isSplitUp(before.split, after.split, baseline)
  }
  if (before.enabled !== true && after.enabled !== before.enabled) return true
  return isMore(before.rollout, after.rollout) || isSplitUp(before.split, after.split, baseline)
}

/** Not `>`: what is no number compares as false, and is a doubt. What stands and is no share is not in service. */
function isMore(before: number | undefined, after: number | undefined): boolean {
  if (before === after) return false
  const known = before !== undefined && before >= 0 && before <= 100 ? before : 0
  return !((after ?? Number.POSITIVE_INFINITY) <= known)
}

function isSplitUp(
  before: Split | undefined,
  after: Split | undefined,
  baseline: string | undefined,
): boolean {
  if (after === undefined) return before !== undefined
  const known = { ...before, ...after }
  const base = baseline ?? ('off' in known ? 'off' : Object.keys(before ?? {})[0])
  return Object.entries(after).some(
    ([variant, share]) => variant !== base && isMore(before?.[variant] ?? 0, share),
  )
}

function toExposure(value: Exposure | number | undefined): Exposure {
  return typeof value === 'number' ? { enabled: true, rollout: value } : (value ?? {})
}
