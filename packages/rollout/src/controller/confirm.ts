import type { Clock } from '@sluice/stores'
import type { RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import type { Apply } from './apply.ts'

/**
 * Says that the share of 0 is in the log, right after it got there: it ends the rollback's execution,
 * and the rollback timeline must not wait for the next look. Nothing where that was said already.
 */
export function confirmRollback(
  apply: Apply,
  { id, actor, clock }: { id: string; actor: string; clock: Clock },
): Promise<RolloutState | undefined> {
  return apply(({ state }) => {
    if (state?.id !== id || state.phase !== 'rolling_back') return undefined
    const look = { type: 'tick', actor, verdicts: undefined, observedMs: 0 } as const
    return transition(state, look, clock.now())
  })
}
