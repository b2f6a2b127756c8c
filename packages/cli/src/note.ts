import type { ChangeNote } from '@sluice/stores'
import type { NoteOptions } from './context.ts'
import { usageError } from './usage-error.ts'

/**
 * Who and why, as a change needs it.
 *
 * @throws SluiceError `invalid_usage` where no reason is given.
 */
export function noteOf(actor: string, { reason, ticket }: NoteOptions): ChangeNote {
  if (reason === undefined || reason.trim() === '') {
    throw usageError('Say why: it goes into the log.', 'Add --reason "…"')
  }
  return { actor, reason, ...(ticket === undefined ? {} : { ticket }) }
}
