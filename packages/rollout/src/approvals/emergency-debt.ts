import type { Change } from '@sluice/stores'
import { checklistKey } from '../checklist/checklist.ts'
import { newChecklist, parseChecklist } from '../checklist/checklist-schema.ts'
import { changeItem } from '../checklist/checklist-transition.ts'
import type { Order } from '../transition/event.ts'
import { type Approval, approvalKey, enterPhase } from './approval.ts'

/** The list of what an emergency owes, in the commit that approves it. */
export function openPostMortem(approval: Approval, order: Order, at: number): Change {
  const { emergency, subject, id } = approval
  const dueAt = emergency?.postMortemDueAt ?? at
  const checklist = newChecklist(
    emergency?.checklist ?? id,
    {
      title: `After the emergency ${id}: ${emergency?.incident ?? ''}`,
      environment: subject.environment,
      items: [
        { name: 'review', title: 'Somebody else looks at what was approved', dueAt },
        { name: 'post_mortem', title: 'Post-mortem', dueAt },
      ],
    },
    order,
    at,
  )
  return { key: checklistKey(checklist.id), value: checklist as never }
}

/** The review ticked in that list; nothing where the list cannot be read, or it was ticked by hand. */
export function tickReview(key: string, value: unknown, order: Order, at: number): Change[] {
  try {
    const by = order.actor
    const event = { type: 'tick', by, note: order.reason } as const
    return [{ key, value: changeItem(parseChecklist(value), 'review', event, at) as never }]
  } catch {
    return []
  }
}

/** A request that nobody answered in time gives way to the emergency. */
export function supersede(last: Approval, emergency: Approval, { actor, reason }: Order): Change {
  const { id } = emergency
  const phase = { phase: 'voided', by: actor, because: reason, at: emergency.askedAt } as const
  const voided = enterPhase(last, { ...phase, replacedBy: id })
  return { key: approvalKey(last.id), value: voided as never }
}
