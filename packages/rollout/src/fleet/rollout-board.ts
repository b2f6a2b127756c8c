import type { Verdict } from '@sluice/guards'
import type { Exchange, SharedValue } from '@sluice/stores'
import { z } from 'zod'
import { toExchangeName } from './exchange-name.ts'
import { hasNoExchange } from './has-no-exchange.ts'

/** What the processes of a fleet say of a rollout at this moment. */
export interface RolloutBoard {
  /** What the guards said last, a few seconds ago at most; undefined where nobody tells. */
  readonly said?: { readonly processId: string; readonly verdicts: readonly Verdict[] }
  /** Who looks at the rollout, by name; several where several do. */
  readonly onDuty: readonly string[]
}

/** Where a process puts what its guards say of a flag's rollout. */
export function verdictsKey(environment: string, flag: string, processId: string): string {
  return `${verdictsPrefix(environment, flag)}${toExchangeName(processId)}`
}

/** Under what the candidates for a rollout's lease stand; see `createLease`. */
export function rolloutLease(environment: string, flag: string): string {
  return `rollout/${toExchangeName(environment)}/${toExchangeName(flag)}`
}

/**
 * Reads from the exchange what a fleet's processes say of one rollout; undefined where the store has no exchange after all.
 *
 * What stands there and cannot be read is left out: nothing is decided by it.
 *
 * @param rollout The id of the rollout that is meant: what is said of one before is not said of it.
 * @throws Whatever the exchange rejects with.
 */
export async function readRolloutBoard(
  exchange: Exchange,
  { environment, flag, rollout }: { environment: string; flag: string; rollout: string },
): Promise<RolloutBoard | undefined> {
  try {
    const [shared, candidates] = await Promise.all([
      exchange.collect(verdictsPrefix(environment, flag)),
      exchange.collect(`lease/${rolloutLease(environment, flag)}/`),
    ])
    const said = shared.map(readVerdicts).find((each) => each?.rollout === rollout)
    return {
      ...(said === undefined ? {} : { said }),
      onDuty: candidates.flatMap(readHolder),
    }
  } catch (error) {
    if (hasNoExchange(error)) return undefined
    throw error
  }
}

function verdictsPrefix(environment: string, flag: string): string {
  return `verdicts/${toExchangeName(environment)}/${toExchangeName(flag)}/`
}

const arm = z.object({ requests: z.number(), errors: z.number(), p95Ms: z.number().optional() })

/** Of a verdict, what a reader must be able to rely on; the rest is taken as it is. */
const verdict = z.looseObject({
  guard: z.string(),
  kind: z.string(),
  outcome: z.enum(['pass', 'fail', 'inconclusive']),
  consequence: z.enum(['rollback', 'hold', 'warn']),
  because: z.string(),
  next: z.string(),
  evidence: z.number(),
  counts: z.object({ stable: arm, canary: arm }),
  secondsToDecision: z.number().optional(),
})

const schema = z.object({
  version: z.literal(1),
  rollout: z.string(),
  processId: z.string(),
  verdicts: z.array(verdict),
})

function readVerdicts({ value }: SharedValue) {
  const parsed = schema.safeParse(value)
  if (!parsed.success) return undefined
  const { rollout, processId, verdicts } = parsed.data
  return { rollout, processId, verdicts: verdicts as unknown as readonly Verdict[] }
}

function readHolder({ key, value }: SharedValue): string[] {
  const { since } = Object(value) as { since?: unknown }
  return Number.isFinite(since) ? [key.slice(key.lastIndexOf('/') + 1)] : []
}
