import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { isAmong } from '../environment-name.ts'
import { describeIssue, type Fault } from '../issue.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import type { Plan, Stage } from './plan.ts'

const percent = z.number().gt(0).lte(100)
const durationMs = z.number().gt(0)
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name in lower snake case')

const stage = z.strictObject({
  rolloutPercent: percent,
  monitorMs: durationMs,
  gate: z.array(name).min(1).exactOptional(),
  approval: name.exactOptional(),
})

/** The shape of a plan; the order of its stages is checked beside it, in {@link parsePlan}. */
export const planSchema = z.strictObject({
  kind: z.enum(['canary', 'blue_green']),
  stages: z.array(stage).min(1),
  onHoldLimit: z.enum(['stay', 'roll_back']),
  holdLimitMs: durationMs.exactOptional(),
  minHoldMs: durationMs,
  silenceLimitMs: durationMs,
  verifyQuietMs: durationMs,
  verifyLimitMs: durationMs,
  decisionLimitMs: durationMs,
  executionLimitMs: durationMs,
  totalLimitMs: durationMs.exactOptional(),
  maxFirstStagePercent: percent.exactOptional(),
})

/**
 * Reads a plan from anywhere: refuses what is not one, freezes what is.
 *
 * @throws SluiceError `invalid_plan`, with pointer, expected and found.
 */
export function parsePlan(input: unknown): Plan {
  const parsed = planSchema.safeParse(input)
  if (!parsed.success) throw refuse(describeIssue(parsed.error, input))
  const { stages } = parsed.data
  const fault = findDisorder(stages)
  if (fault !== undefined) throw refuse(fault)
  for (const each of stages) {
    if (each.gate !== undefined) Object.freeze(each.gate)
    Object.freeze(each)
  }
  Object.freeze(stages)
  return Object.freeze(parsed.data)
}

/** The first stage that does not rise, or a last one that is not the end; undefined where all is well. */
export function findDisorder(stages: readonly Stage[]): Fault | undefined {
  for (const [index, { rolloutPercent }] of stages.entries()) {
    const before = stages[index - 1]
    if (before === undefined || rolloutPercent > before.rolloutPercent) continue
    return {
      pointer: `/stages/${index}/rolloutPercent`,
      expected: `more than the ${before.rolloutPercent} percent of the stage before`,
      found: String(rolloutPercent),
    }
  }
  const last = stages.length - 1
  const lastPercent = stages[last]?.rolloutPercent
  if (lastPercent === 100) return undefined
  return {
    pointer: `/stages/${last}/rolloutPercent`,
    expected: '100 in the last stage',
    found: String(lastPercent),
  }
}

/**
 * Refuses a plan that is too bold for the environment, or too timid: in production (`policy.environments.production`) a
 * canary's first stage is 1 to 5 percent, by `policy.canary.minFirstPercent` and `maxFirstPercent`.
 *
 * The plan's own `maxFirstStagePercent` goes before the policy's upper limit; only the policy lowers the least.
 *
 * @throws SluiceError `invalid_plan`.
 */
export function checkPlanFor(
  environment: string,
  plan: Plan,
  policy: Policy = defaultPolicy,
): void {
  if (plan.kind !== 'canary' || !isAmong(policy.environments.production, environment)) return
  const { minFirstPercent, maxFirstPercent } = policy.canary
  const limit = plan.maxFirstStagePercent ?? maxFirstPercent
  const first = plan.stages[0]?.rolloutPercent ?? 0
  const pointer = '/stages/0/rolloutPercent'
  const found = String(first)
  if (first > limit) {
    const expected = `at most ${limit} percent in ${environment} (maxFirstStagePercent allows more)`
    throw refuse({ pointer, expected, found })
  }
  if (first < minFirstPercent) {
    const expected = `at least ${minFirstPercent} percent in ${environment} (the policy's canary.minFirstPercent)`
    throw refuse({ pointer, expected, found })
  }
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_plan',
    `The plan is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
