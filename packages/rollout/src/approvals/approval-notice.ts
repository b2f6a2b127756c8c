import type { Approval } from './approval.ts'
import { toText } from './time-text.ts'

/** What is told to people of a request, once it is in the log. */
export interface ApprovalNotice {
  readonly name:
    | 'approval_requested'
    | 'approval_answered'
    | 'approval_granted'
    | 'approval_rejected'
    | 'approval_withdrawn'
    | 'approval_voided'
    | 'approval_used'
    | 'emergency_approved'
    | 'emergency_reviewed'
  /** `error` for an emergency, which everyone is to hear of; `warning` for a no; else `info`. */
  readonly level: 'info' | 'warning' | 'error'
  readonly message: string
  readonly approval: Approval
  /** Epoch milliseconds, by the clock of whoever wrote it. */
  readonly at: number
}

/**
 * What a new record of a request says, beside the one before.
 *
 * @param wants Whose approval is wanted still.
 * @param before Undefined: it is new.
 */
export function toNotice(
  approval: Approval,
  before: Approval | undefined,
  { at, wants }: { readonly at: number; readonly wants: readonly string[] },
): ApprovalNotice {
  const notice = (
    name: ApprovalNotice['name'],
    message: string,
    level: ApprovalNotice['level'] = 'info',
  ): ApprovalNotice => ({ name, level, message, approval, at })
  const { id, subject, askedBy, reason, emergency, noticeUntil, askedAt } = approval
  const what = `the ${subject.kind} of ${subject.target} in ${subject.environment} (${subject.type})`
  const last = approval.answers.at(-1)

  if (before !== undefined && emergency?.review !== before.emergency?.review) {
    const { by = '', reason: word = '' } = emergency?.review ?? {}
    return notice('emergency_reviewed', `${by} reviewed the emergency ${id}: ${word}`)
  }
  switch (approval.phase) {
    case 'pending':
      if (before === undefined) {
        const from = noticeUntil > askedAt ? `, not before ${toText(noticeUntil)}` : ''
        const asks = `${askedBy} asks for approval of ${what}: ${reason}. Wanted: ${wants.join(', ')}${from}. ${id}`
        return notice('approval_requested', asks)
      }
      return notice('approval_answered', `${last?.by} approved ${id}; wanted: ${wants.join(', ')}`)
    case 'approved':
      if (emergency !== undefined) {
        const message = `EMERGENCY: ${askedBy} approved ${what} alone, for ${emergency.incident}: ${reason}. Review ${id}; the post-mortem is due at ${toText(emergency.postMortemDueAt)}`
        return notice('emergency_approved', message, 'error')
      }
      return notice('approval_granted', `${last?.by} approved ${id}: ${what} has what it wants`)
    case 'rejected':
      return notice(
        'approval_rejected',
        `${approval.by} rejected ${id}: ${approval.because}`,
        'warning',
      )
    case 'withdrawn':
      return notice('approval_withdrawn', `${approval.by} withdrew ${id}: ${approval.because}`)
    case 'voided':
      return notice(
        'approval_voided',
        `${id} is void, for ${approval.replacedBy} stands in its place`,
      )
    case 'used':
      return notice('approval_used', `${id} was used: ${what} goes ahead`)
  }
}
