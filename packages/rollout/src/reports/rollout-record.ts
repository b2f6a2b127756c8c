import { z } from 'zod'
import { isRolloutOver } from '../transition/state.ts'

const instant = z.number()
const text = z.string()

const schema = z.looseObject({
  id: text,
  flag: text,
  environment: text,
  phase: text,
  startedBy: text,
  startedAt: instant,
  reason: text.optional(),
  ticket: text.optional(),
  plan: z
    .looseObject({
      stages: z.array(z.looseObject({ rolloutPercent: z.number(), monitorMs: z.number() })),
      decisionLimitMs: z.number().optional(),
      executionLimitMs: z.number().optional(),
      verifyLimitMs: z.number().optional(),
      totalLimitMs: z.number().optional(),
    })
    .optional(),
  stage: z.int().min(0).optional(),
  enteredAt: instant.optional(),
  because: text.optional(),
  rollback: z
    .looseObject({
      by: text,
      because: text,
      guard: text.optional(),
      detectedAt: instant,
      decidedAt: instant,
    })
    .optional(),
  executedAt: instant.optional(),
  verifiedAt: instant.optional(),
  endedAt: instant.optional(),
  overruns: z.array(text).optional(),
  completedAt: instant.optional(),
  abortedAt: instant.optional(),
})

/** What reports read of a rollout's state: of older and newer versions of this package too. */
export type RolloutRecord = z.infer<typeof schema>

/**
 * Reads a value under `rollout/<environment>/<flag>` as far as reports need it.
 *
 * A controller refuses a state that it does not fully know, for it acts on it. A report only counts, over years of
 * log: it reads what it knows.
 *
 * @returns undefined for what is no rollout.
 */
export function readRolloutRecord(value: unknown): RolloutRecord | undefined {
  return schema.safeParse(value).data
}

/** Whether there is a rollout, and it is not over. */
export function isUnderWay(record: RolloutRecord | undefined): boolean {
  return record !== undefined && !isRolloutOver(record)
}
