import { type Clock, systemClock } from '@sluice/stores'
import type { RolloutController } from '../controller/controller.ts'
import { within } from '../controller/deadline.ts'
import type { Policy } from '../policy/policy.ts'
import type { RolledBack, RolloutState, RolloutTerms } from '../transition/state.ts'
import type { Checklist } from './checklist.ts'
import type { Checklists } from './create-checklists.ts'
import { afterRollback, rollbackChecklistId } from './policy-checklists.ts'

/** A rollout that has gone back. */
export type RolledBackState = RolloutTerms & RolledBack

/** What is said of the listener. */
export interface AfterRollbackOptions {
  /** Whose list it is. Default: the default policy's. */
  readonly policy?: Policy
  /**
   * Tells people. Called by the process that opened the list; where it resolves, `announce` is ticked, and a text it
   * answers, such as a link, is noted as the evidence. It has a minute.
   */
  readonly announce?: (state: RolledBackState, checklist: Checklist) => Promise<unknown>
  /** Who the log names. Default `controller`. */
  readonly actor?: string
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Hears what failed. The list is opened at the next state that is told, or by the next process. */
  readonly onError?: (error: unknown) => void
}

/** A chat or a status page that needs longer hangs. */
const announceLimitMs = 60_000

/**
 * Opens the checklist of each rollback that ends (P24): once for each rollout, however many processes listen, and also for
 * one that ended while none did.
 *
 * @returns What stops it; resolves when what is under way is done.
 */
export function openAfterRollback(
  controller: Pick<RolloutController, 'state' | 'on'>,
  checklists: Checklists,
  options: AfterRollbackOptions = {},
): () => Promise<void> {
  const { policy, announce, actor = 'controller', clock = systemClock } = options
  const { onError = () => {} } = options
  const opened = new Set<string>()
  let underWay: Promise<void> = Promise.resolve()

  function hear(state: RolloutState): void {
    if (state.phase !== 'rolled_back' || opened.has(state.id)) return
    opened.add(state.id)
    underWay = underWay
      .then(() => open(state))
      .catch((error: unknown) => {
        opened.delete(state.id)
        onError(error)
      })
  }

  async function open(state: RolledBackState): Promise<void> {
    const id = rollbackChecklistId(state.id)
    const reason = `${state.flag} was rolled back: ${state.rollback.because}`
    const ticket = state.ticket === undefined ? {} : { ticket: state.ticket }
    const order = { actor, reason, ...ticket }
    const { checklist, isNew } = await checklists.openOnce(id, afterRollback(state, policy), order)
    // Whoever opened it announces; a second message would say the same again.
    if (!isNew || announce === undefined) return
    if (!checklist.items.some(({ name }) => name === 'announce')) return
    const told = Promise.resolve().then(() => announce(state, checklist))
    const evidence = await within(clock, announceLimitMs, told, 'announcement')
    const link = typeof evidence === 'string' && evidence.trim() !== '' ? { evidence } : {}
    const note = 'the announcement was sent'
    await checklists.tick(id, 'announce', { actor, reason: note, note, ...link })
  }

  const stop = controller.on('state', hear)
  const { state } = controller
  if (state !== undefined) hear(state)
  return async () => {
    stop()
    await underWay
  }
}
