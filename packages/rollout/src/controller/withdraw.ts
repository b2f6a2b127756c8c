import { isSluiceError, SluiceError } from '@sluice/core'
import { type Clock, checkDraft } from '@sluice/stores'
import type { Command } from '../transition/orders.ts'
import { toReason } from '../transition/reason.ts'
import type { RolloutState } from '../transition/state.ts'
import { transition } from '../transition/transition.ts'
import type { Brake } from './brake.ts'

/** A person's word that a rollout goes back. */
export type Withdrawal = Command & { type: 'roll_back' | 'declare' }

/** Carries a person's word to go back into the log; where that cannot be reached, the word stands. */
export type Withdraw = (
  command: Withdrawal,
  write: (command: Withdrawal) => Promise<RolloutState>,
) => Promise<RolloutState>

/** With these the log has answered: trying again changes nothing. */
const finalCodes: ReadonlySet<string> = new Set([
  'no_rollout',
  'rolling_back',
  'rollout_over',
  'invalid_rollout_state',
  'replica_closed',
])

/**
 * Going down waits for nobody, nor for a store that is away: this process serves the canary to nobody from the moment
 * somebody said so, and what could not be written is tried again at each look.
 *
 * @param options.owe Takes over what could not be written.
 */
export function createWithdraw(options: {
  readonly brake: Brake
  readonly clock: Clock
  readonly seen: () => RolloutState | undefined
  readonly owe: (id: string, command: Withdrawal, error: unknown) => void
}): Withdraw {
  const { brake, clock, seen, owe } = options
  return async (said, write) => {
    // What no log would take is not owed: it would be tried for ever.
    checkDraft({ ...said, action: said.type, changes: [] })
    const state = seen()
    const command = { ...said, saidAt: clock.now() }
    const foreseen = state === undefined ? state : transition(state, command, clock.now()).state
    if (foreseen?.phase !== 'rolling_back') return write(command)
    brake.engage(foreseen)
    const letGo = brake.keep()
    try {
      return await write(command)
    } catch (error) {
      if (isSluiceError(error) && finalCodes.has(error.code)) throw error
      owe(foreseen.id, command, error)
      throw rollbackPending(foreseen.flag, error)
    } finally {
      letGo()
      brake.settle()
    }
  }
}

function rollbackPending(flag: string, cause: unknown): SluiceError {
  const why = toReason(cause)
  return new SluiceError(
    'rollback_pending',
    `${flag} goes back, and that is not in the log yet: ${why} This process serves the canary to nobody, and writes it as soon as it can while its controller runs. Other processes serve it still.`,
    { flag, cause },
  )
}
