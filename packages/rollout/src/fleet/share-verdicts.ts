import type { Json } from '@sluice/core'
import type { Verdict } from '@sluice/guards'
import { type Clock, type Exchange, systemClock } from '@sluice/stores'
import type { RolloutController } from '../controller/controller.ts'
import { verdictsKey } from './rollout-board.ts'

/** Whose verdicts are shared, and where. */
export interface ShareVerdictsOptions {
  readonly exchange: Exchange
  readonly environment: string
  readonly flag: string
  /** Names the process for people. */
  readonly processId: string
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** As long as a report of health is to be seen: some lost ones do not make the guards seem silent. */
const ttlMs = 15_000

/**
 * Puts what a controller's guards say onto the exchange, look by look, for whoever watches from outside.
 *
 * Nothing is decided by it, so one that fails is dropped, and the next follows in a second; one that hangs is waited for
 * no longer than it would be seen.
 *
 * @returns What stops it.
 */
export function shareVerdicts(
  controller: Pick<RolloutController, 'on' | 'state'>,
  { exchange, environment, flag, processId, clock = systemClock }: ShareVerdictsOptions,
): () => void {
  const key = verdictsKey(environment, flag, processId)
  let sentAt: number | undefined

  async function share(verdicts: readonly Verdict[]): Promise<void> {
    const rollout = controller.state?.id
    const isUnderWay = sentAt !== undefined && Math.abs(clock.now() - sentAt) < ttlMs
    if (rollout === undefined || isUnderWay) return
    const mine = clock.now()
    sentAt = mine
    const value = { version: 1, rollout, processId, verdicts }
    try {
      // What is undefined stands in no JSON.
      await exchange.publish(key, JSON.parse(JSON.stringify(value)) as Json, ttlMs)
    } catch {
      // It is for people's eyes alone; that the exchange is away is told by whoever needs it.
    } finally {
      if (sentAt === mine) sentAt = undefined
    }
  }

  return controller.on('verdicts', (verdicts) => void share(verdicts))
}
