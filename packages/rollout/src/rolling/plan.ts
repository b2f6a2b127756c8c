import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'

/** How a version goes over the instances of a service, as plain data. All times are milliseconds. */
export interface RollingPlan {
  readonly kind: 'rolling'
  /** How many instances are updated first. */
  readonly firstBatch: number
  /** How many at once after that. */
  readonly batch: number
  /** How many may be out of service at once. */
  readonly maxUnavailable: number
  /** How long an instance has to become healthy. */
  readonly healthTimeoutMs: number
  /** How long a batch must stay healthy until the next one begins. */
  readonly settleMs: number
}

/** What may be said about a rolling plan; the policy has the rest. */
export type RollingOptions = Partial<Omit<RollingPlan, 'kind'>>

const count = z.int().min(1)

/** The shape of a plan; that no batch is too large is checked beside it, in {@link parseRollingPlan}. */
export const rollingPlanSchema: z.ZodType<RollingPlan> = z.strictObject({
  kind: z.literal('rolling'),
  firstBatch: count,
  batch: count,
  maxUnavailable: count,
  healthTimeoutMs: z.number().gt(0),
  settleMs: z.number().min(0),
})

/**
 * A rolling plan, by default the policy's: one instance, and then the rest one by one (P15).
 *
 * @param policy Where every number comes from that the options do not name.
 * @returns Plain, frozen data.
 * @throws SluiceError `invalid_plan`, with pointer, expected and found; also where a batch is larger than `maxUnavailable`.
 */
export function rolling(options: RollingOptions = {}, policy: Policy = defaultPolicy): RollingPlan {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return parseRollingPlan({ kind: 'rolling', ...policy.rolling, ...Object.fromEntries(given) })
}

/** Reads a plan from anywhere. @throws SluiceError `invalid_plan`. */
export function parseRollingPlan(input: unknown): RollingPlan {
  const parsed = rollingPlanSchema.safeParse(input)
  if (!parsed.success) throw refuse(describeIssue(parsed.error, input))
  for (const name of ['firstBatch', 'batch'] as const) {
    const { [name]: found, maxUnavailable } = parsed.data
    if (found <= maxUnavailable) continue
    const expected = `at most maxUnavailable, ${maxUnavailable}`
    throw refuse({ pointer: `/${name}`, expected, found: String(found) })
  }
  return Object.freeze(parsed.data)
}

/** Which instances are updated together, in order: the first batch, and then the others. */
export function toBatches(instances: readonly string[], plan: RollingPlan): string[][] {
  const batches = [instances.slice(0, plan.firstBatch)]
  for (let next = plan.firstBatch; next < instances.length; next += plan.batch) {
    batches.push(instances.slice(next, next + plan.batch))
  }
  return batches
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_plan',
    `The rolling plan is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
