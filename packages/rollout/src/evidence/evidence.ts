import { createGuardSet, type Guard, type GuardCheckpoint } from '@sluice/guards'
import { z } from 'zod'

/**
 * What the guards of a rollout have seen, as it stands in the log under `evidence/<environment>/<flag>`: whoever judges
 * next goes on from here.
 */
export interface Evidence {
  readonly schema: 1
  /** The rollout's id: evidence of one before is none. */
  readonly rollout: string
  /** Whose share of alpha it is judged by; see `shareOfAlpha`. */
  readonly run: number
  /** Rises with each process that takes it up: only the one that wrote the present term goes on writing it. */
  readonly term: number
  /** Epoch milliseconds. */
  readonly at: number
  /** Left behind in order: nobody goes on from anything later. */
  readonly isReleased?: true
  /** Absent until the first one is taken. */
  readonly checkpoint?: GuardCheckpoint
  /** How long the present stage was observed; absent in evidence of earlier versions, and before the first look. */
  readonly observed?: ObservedTime
}

/** For how long a stage was observed since it was entered. */
export interface ObservedTime {
  readonly stage: number
  /** When the stage was entered, epoch milliseconds: another entry of the same stage is observed anew. */
  readonly enteredAt: number
  /** Milliseconds that were actually observed. */
  readonly observedMs: number
}

const schema = z.strictObject({
  schema: z.literal(1),
  rollout: z.string(),
  run: z.int().min(1),
  term: z.int().min(1),
  at: z.number(),
  isReleased: z.literal(true).exactOptional(),
  checkpoint: z
    .custom<GuardCheckpoint>((value) => typeof value === 'object' && value !== null)
    .exactOptional(),
  observed: z
    .strictObject({ stage: z.int().min(0), enteredAt: z.number(), observedMs: z.number().min(0) })
    .exactOptional(),
})

/**
 * Reads a rollout's evidence from the log; undefined where there is none of this rollout, or none that can be read.
 *
 * Evidence that is lost costs time until a decision, and nothing else, so nothing is refused over it.
 */
export function readEvidence(
  value: unknown,
  { id, guards }: { readonly id: string; readonly guards: readonly Guard[] },
): Evidence | undefined {
  const parsed = schema.safeParse(value)
  if (!parsed.success || parsed.data.rollout !== id) return undefined
  const evidence: Evidence = parsed.data
  return evidence.checkpoint === undefined || isOf(guards, evidence.checkpoint)
    ? evidence
    : undefined
}

/** Whether guards can go on from it: what is damaged may be found only when they are asked. */
function isOf(guards: readonly Guard[], from: GuardCheckpoint): boolean {
  try {
    const set = createGuardSet(guards, { from })
    if (!isInstant(from.at)) return false
    set.verdicts()
    set.checkpoint()
    return true
  } catch {
    return false
  }
}

/** When something was seen last, be it never; a tick later than any time would be later than all to come. */
function isInstant(at: unknown): boolean {
  return at === '-Infinity' || (typeof at === 'number' && Math.abs(at) <= lastInstant)
}

/** Of what a date can hold. */
const lastInstant = 8.64e15
