import type { ChangeNote } from '@sluice/stores'
import type { NoteOptions } from './context.ts'
import { usageError } from './usage-error.ts'

/**
 * Who and why, as a change needs it.
 *
 * @throws SluiceError `invalid_usage` where no reason is given, or a name or a ticket is blank.
 */
export function noteOf(actor: string, { reason, ticket }: NoteOptions): ChangeNote {
  if (reason === undefined || reason.trim() === '') {
    throw usageError('Say why: it goes into the log.', 'Add --reason "…"')
  }
  if (actor.trim() === '')
    throw usageError('Who are you? The name given is blank.', 'Add --as NAME')
  if (ticket?.trim() === '') {
    throw usageError('--ticket names no ticket.', 'Type --ticket OPS-1, or leave it out.')
  }
  return { actor, reason, ...(ticket === undefined ? {} : { ticket }) }
}
