import { type Json, SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue } from '../issue.ts'
import { type Step, type StepContext, waitFor } from '../procedure/step.ts'
import { type RollingPlan, rollingPlanSchema } from './plan.ts'
import type { InstanceMove, InstanceWork } from './update-instance.ts'

/** What a run was started with, as it stands in the log. */
export interface RollingInput {
  readonly version: string
  /** Instances by batch, in order. */
  readonly batches: readonly (readonly string[])[]
  /** What ran on each before. */
  readonly before: Readonly<Record<string, string>>
  /** The plan it was started with: what was approved is what is done, whichever process carries on. */
  readonly plan: RollingPlan
  /** The type of approval that it waits for; absent: whoever started it had none to ask. */
  readonly type?: string
}

const name = z.string().min(1)
const schema: z.ZodType<RollingInput> = z.strictObject({
  version: name,
  batches: z.array(z.array(name).min(1)).min(1),
  before: z.record(name, name),
  plan: rollingPlanSchema,
  type: name.exactOptional(),
})

/** Far beyond the limits of the hooks, which come first. */
const stepTimeoutMs = 24 * 60 * 60_000

/**
 * One step for each batch: its instances are updated together, must become healthy, and stay so. Undone, they go back one by
 * one, the last one first.
 */
export function rollingSteps(count: number, work: InstanceWork): Step[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `batch_${index + 1}`,
    timeoutMs: stepTimeoutMs,

    async run(context: StepContext) {
      const moves = movesOf(context, index)
      const { settleMs } = readRollingInput(context.input).plan
      if (context.memo !== 'settling') {
        await all(moves.map((move) => work.update(move)))
        if (settleMs > 0) {
          return waitFor(settleMs, `batch ${index + 1} settles`, 'settling')
        }
      }
      // Those of earlier batches as well: one that died since is no reason to go on.
      const updated = Array.from({ length: index + 1 }, (_, earlier) => movesOf(context, earlier))
      await all(updated.flat().map((move) => work.confirm(move)))
      return { instances: moves.map(({ instance }) => instance) }
    },

    async undo(context: StepContext) {
      // Never two at once: those that are healthy serve while one goes back.
      for (const move of movesOf(context, index).reverse()) await work.revert(move)
    },
  }))
}

/** @throws SluiceError `invalid_input` with pointer, expected and found. */
export function readRollingInput(input: Json): RollingInput {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fault = describeIssue(parsed.error, input)
  throw new SluiceError(
    'invalid_input',
    `The rolling update in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}

function movesOf({ input, id, signal }: StepContext, index: number): InstanceMove[] {
  const { version, batches, before, plan } = readRollingInput(input)
  const instances = batches[index] ?? []
  return instances.map((instance) => {
    const { healthTimeoutMs } = plan
    return { instance, version, before: before[instance] ?? version, healthTimeoutMs, id, signal }
  })
}

/** Waits for all, also where one failed: none is left at work when the batch goes back. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(work)
  const failed = ended.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
