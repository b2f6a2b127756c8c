import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue } from './issue.ts'
import type { Plan } from './plan.ts'

const percent = z.number().gt(0).lte(100)
const durationMs = z.number().gt(0)

/** The shape of a plan; the order of its stages is checked beside it, in {@link parsePlan}. */
export const planSchema = z.strictObject({
  kind: z.literal('canary'),
  stages: z.array(z.strictObject({ rolloutPercent: percent, monitorMs: durationMs })).min(1),
  onHoldLimit: z.enum(['stay', 'roll_back']),
  holdLimitMs: durationMs.exactOptional(),
  minHoldMs: durationMs,
  silenceLimitMs: durationMs,
  verifyQuietMs: durationMs,
  verifyLimitMs: durationMs,
  decisionLimitMs: durationMs,
  executionLimitMs: durationMs,
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
  stages.forEach((stage, index) => {
    const before = stages[index - 1]
    if (before !== undefined && stage.rolloutPercent <= before.rolloutPercent) {
      throw refuse({
        pointer: `/stages/${index}/rolloutPercent`,
        expected: `more than the ${before.rolloutPercent} percent of the stage before`,
        found: String(stage.rolloutPercent),
      })
    }
  })
  const last = stages.length - 1
  const lastPercent = stages[last]?.rolloutPercent
  if (lastPercent !== 100) {
    throw refuse({
      pointer: `/stages/${last}/rolloutPercent`,
      expected: '100 in the last stage',
      found: String(lastPercent),
    })
  }
  stages.forEach((stage) => {
    Object.freeze(stage)
  })
  Object.freeze(stages)
  return Object.freeze(parsed.data)
}

/** The largest first step in production that needs no explicit permission (P8). */
const maxFirstStagePercent = 5
/** `prod` is the usual short name; a plan must not slip past the limit by it. */
const productionNames = new Set(['production', 'prod'])

/**
 * Refuses a plan that is too bold for the environment: in production the first stage is at most
 * 5 percent unless the plan itself carries a higher `maxFirstStagePercent`.
 *
 * @throws SluiceError `invalid_plan`.
 */
export function checkPlanFor(environment: string, plan: Plan): void {
  if (!productionNames.has(environment)) return
  const limit = plan.maxFirstStagePercent ?? maxFirstStagePercent
  const first = plan.stages[0]?.rolloutPercent ?? 0
  if (first <= limit) return
  throw refuse({
    pointer: '/stages/0/rolloutPercent',
    expected: `at most ${limit} percent in ${environment} (maxFirstStagePercent allows more)`,
    found: String(first),
  })
}

function refuse(fault: { pointer: string; expected: string; found: string }): SluiceError {
  return new SluiceError(
    'invalid_plan',
    `The plan is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
