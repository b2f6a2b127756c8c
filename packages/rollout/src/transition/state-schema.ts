import { SluiceError } from '@sluice/core'
import type { Guard } from '@sluice/guards'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import { findDisorder, planSchema } from '../plan/plan-schema.ts'
import type { RolloutState } from './state.ts'

const text = z.string()
const instant = z.number()
const stage = z.int().min(0)

const exposure = z.strictObject({
  enabled: z.boolean().exactOptional(),
  rollout: z.number().exactOptional(),
  split: z.record(text, z.number()).exactOptional(),
})

/** The guards' own package reads what is inside one. */
const guard = z.custom<Guard>((value) => typeof value === 'object' && value !== null)

const terms = {
  schema: z.literal(1),
  id: text,
  flag: text,
  environment: text,
  plan: planSchema,
  guards: z.array(guard),
  alpha: z.number().gt(0).lt(1),
  startedBy: text,
  startedAt: instant,
  reason: text,
  ticket: text.exactOptional(),
  before: exposure,
  exposure,
  calibration: z.array(z.number().min(1)).exactOptional(),
  guardRuns: z.int().min(0),
}

const rollback = z.strictObject({
  by: text,
  because: text,
  guard: text.exactOptional(),
  fromStage: stage,
  detectedAt: instant,
  decidedAt: instant,
})

const stateSchema: z.ZodType<RolloutState> = z.discriminatedUnion('phase', [
  z.strictObject({
    ...terms,
    phase: z.literal('awaiting_approval'),
    awaitingSince: instant,
    type: text.exactOptional(),
    endedBefore: text.exactOptional(),
  }),
  z.strictObject({ ...terms, phase: z.literal('running'), stage, enteredAt: instant }),
  z.strictObject({
    ...terms,
    phase: z.literal('holding'),
    stage,
    enteredAt: instant,
    cause: z.enum(['failing', 'unseen', 'gate', 'waiting']),
    because: text,
    guard: text.exactOptional(),
    wants: z.array(text).exactOptional(),
    heldSince: instant,
    causeSince: instant,
    isOverdue: z.literal(true).exactOptional(),
  }),
  z.strictObject({
    ...terms,
    phase: z.literal('paused'),
    stage,
    enteredAt: instant,
    pausedAt: instant,
    by: text,
    because: text,
    found: exposure.exactOptional(),
  }),
  z.strictObject({ ...terms, phase: z.literal('rolling_back'), rollback }),
  z.strictObject({ ...terms, phase: z.literal('verifying'), rollback, executedAt: instant }),
  z.strictObject({
    ...terms,
    phase: z.literal('rolled_back'),
    rollback,
    executedAt: instant,
    verifiedAt: instant.exactOptional(),
    endedAt: instant,
    overruns: z.array(z.enum(['decision', 'execution', 'verification', 'total'])),
  }),
  z.strictObject({ ...terms, phase: z.literal('completed'), by: text, completedAt: instant }),
  z.strictObject({
    ...terms,
    phase: z.literal('aborted'),
    by: text,
    because: text,
    abortedAt: instant,
  }),
])

/**
 * Reads a rollout's state as it stands in the log.
 *
 * @throws SluiceError `invalid_rollout_state`, with pointer, expected and found; also for a record
 * written by a newer version of this package.
 */
export function parseRolloutState(value: unknown): RolloutState {
  const parsed = stateSchema.safeParse(value)
  if (!parsed.success) throw refuseState(describeIssue(parsed.error, value))
  const fault = findContradiction(parsed.data)
  if (fault !== undefined) throw refuseState(fault)
  return parsed.data
}

/**
 * The refusal of what stands in the log as a rollout.
 *
 * @returns SluiceError `invalid_rollout_state`.
 */
export function refuseState(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_rollout_state',
    `The rollout in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}. It stays as it is, and so does the exposure. A newer version may have written it: update this process, or delete the rollout's key to give it up.`,
    fault,
  )
}

/** What no version of this package writes, however well each part is formed. */
function findContradiction(state: RolloutState): Fault | undefined {
  const { stages } = state.plan
  const disorder = findDisorder(stages)
  if (disorder !== undefined) return { ...disorder, pointer: `/plan${disorder.pointer}` }
  if (!('stage' in state) || state.stage < stages.length) return undefined
  return { pointer: '/stage', expected: `less than ${stages.length}`, found: String(state.stage) }
}
