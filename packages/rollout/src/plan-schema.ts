import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from './issue.ts'
import type { Plan, Stage } from './plan.ts'

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
  const fault = findDisorder(stages)
  if (fault !== undefined) throw refuse(fault)
  stages.forEach((stage) => {
    Object.freeze(stage)
  })
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

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_plan',
    `The plan is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
