import { SluiceError } from '@sluice/core'
import type { Verdict } from '@sluice/guards'
import type { RolloutState } from '../transition/state.ts'
import type { Withdrawal } from './withdraw.ts'

/** A decision to go back that is not in the log yet. */
export interface Pending {
  readonly id: string
  readonly verdicts: readonly Verdict[]
  readonly detectedAt: number
  /** Where a person decided, and no guard. */
  readonly command?: Withdrawal
}

/**
 * What became of a rollout that was to go back, where it did not: others ended it before that could be written. Somebody
 * relies on it, and must hear that nothing goes back any more.
 *
 * @returns SluiceError `rollback_overtaken`; undefined where it went back, or still may.
 */
export function findOvertaken(
  { id, command }: Pending,
  state: RolloutState | undefined,
): SluiceError | undefined {
  if (state?.id === id && 'rollback' in state) return undefined
  const [flag, became] =
    state?.id === id ? [state.flag, state.phase] : [state?.flag, 'gone, or another one']
  const who = command === undefined ? 'a guard' : command.actor
  return new SluiceError(
    'rollback_overtaken',
    `What ${who} decided, to go back, could not be written in time: the rollout is ${became} now, and the exposure is what stands in the log. Look whether it is what you want.`,
    flag === undefined ? {} : { flag },
  )
}
