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

/**
 * The review ticked in that list, in the name of whoever made it; a tick by hand before was anybody's word. Nothing where
 * the list cannot be read.
 */
export function tickReview(id: string, value: unknown, order: Order, at: number): Change[] {
  try {
    const by = order.actor
    const checklist = parseChecklist(value, id)
    const isOpen = checklist.items.some(({ name, phase }) => name === 'review' && phase === 'open')
    const open = isOpen ? checklist : changeItem(checklist, 'review', { type: 'untick', by }, at)
    const ticked = changeItem(open, 'review', { type: 'tick', by, note: order.reason }, at)
    return [{ key: checklistKey(id), value: ticked as never }]
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
