import { type CanaryPlan, canary } from '../plan/plan.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'

/**
 * The plan of the environment before production: the flag for part of the subjects, to compare, and then for all of them for
 * `policy.promotion.soakMs`, observed (P9). Its share and its first time are the policy's, too: those of the last stage
 * before 100 percent.
 */
export function soakPlan(policy: Policy = defaultPolicy): CanaryPlan {
  const { percents, monitorMs } = policy.canary
  const partial = percents.filter((percent) => percent < 100).slice(-1)
  const { soakMs } = policy.promotion
  const stages = [
    ...partial.map((rolloutPercent) => ({ rolloutPercent, monitorMs })),
    // A plan's time is above 0; a soak of no time is over at the first look.
    { rolloutPercent: 100, monitorMs: Math.max(soakMs, 1) },
  ]
  return canary({ stages }, policy)
}
