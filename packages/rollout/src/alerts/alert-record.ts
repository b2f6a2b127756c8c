import type { Json } from '@sluice/core'
import type { Alert } from '@sluice/guards/webhook'
import { z } from 'zod'

/** What was told of one condition at one severity. */
export interface ToldCondition {
  readonly condition: string
  readonly severity: Alert['severity']
  /** When the trouble that was told last began, epoch ms. */
  readonly since: number
  /** When it was told last, epoch ms. */
  readonly pagedAt: number
  /** How often it was told in this rollout, from 1. */
  readonly pages: number
  /** Whether its recovery is still to be told. */
  readonly isOpen: boolean
}

/** What was told of a rollout, as it stands in the log under `alert/<environment>/<flag>`. */
export interface AlertRecord {
  readonly schema: 1
  /** The rollout's id. */
  readonly rollout: string
  readonly conditions: readonly ToldCondition[]
}

/** A record in the log, and which writing put it there. */
export interface WrittenRecord extends AlertRecord {
  /** Tells the writer, after a commit whose outcome it did not see, that it was its own. */
  readonly writing: string
}

const instant = z.number()
const written = z.object({
  schema: z.literal(1),
  rollout: z.string(),
  writing: z.string(),
  conditions: z.array(
    z.object({
      condition: z.string(),
      severity: z.enum(['critical', 'warning']),
      since: instant,
      pagedAt: instant,
      pages: z.int().min(1),
      isOpen: z.boolean(),
    }),
  ),
})

/** Reads what stands in the log; nothing where that is no record: an alert too many is better than none. */
export function parseAlertRecord(value: Json | undefined): WrittenRecord | undefined {
  const parsed = written.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

/** One condition may be told as a warning, and then as critical: each has pages of its own. */
export function tellingKey({
  condition,
  severity,
}: Pick<ToldCondition, 'condition' | 'severity'>): string {
  return `${severity}:${condition}`
}

/** Of two records of one rollout, what was told later of each condition. */
export function mergeRecords(one: AlertRecord, other: AlertRecord): AlertRecord {
  const merged = new Map(one.conditions.map((told) => [tellingKey(told), told]))
  for (const told of other.conditions) {
    const known = merged.get(tellingKey(told))
    merged.set(tellingKey(told), known === undefined ? told : later(known, told))
  }
  return { schema: 1, rollout: one.rollout, conditions: [...merged.values()] }
}

function later(one: ToldCondition, other: ToldCondition): ToldCondition {
  if (one.pagedAt !== other.pagedAt) return one.pagedAt > other.pagedAt ? one : other
  return one.isOpen ? other : one
}
