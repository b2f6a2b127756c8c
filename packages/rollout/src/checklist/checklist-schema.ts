import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import type { Order } from '../transition/event.ts'
import { withoutUndefined } from '../without-undefined.ts'
import type { Checklist, ChecklistRequest } from './checklist.ts'

const text = z.string().regex(/\S/, 'text that is not empty')
const instant = z.number()

const asked = { name: text, title: text.exactOptional(), dueAt: instant.exactOptional() }

const item = z.discriminatedUnion('phase', [
  z.strictObject({ ...asked, phase: z.literal('open') }),
  z.strictObject({
    ...asked,
    phase: z.literal('ticked'),
    by: text,
    at: instant,
    note: text.exactOptional(),
    evidence: text.exactOptional(),
  }),
  z.strictObject({ ...asked, phase: z.literal('skipped'), by: text, at: instant, because: text }),
])

const checklistSchema: z.ZodType<Checklist> = z.strictObject({
  schema: z.literal(1),
  id: text,
  title: text,
  environment: text.exactOptional(),
  openedBy: text,
  openedAt: instant,
  reason: text,
  ticket: text.exactOptional(),
  items: z.array(item).min(1),
})

/**
 * Reads a list as it stands in the log.
 *
 * @param id Under which it stands there.
 * @throws SluiceError `invalid_checklist`, with pointer, expected and found.
 */
export function parseChecklist(value: unknown, id: string): Checklist {
  const parsed = checklistSchema.safeParse(value)
  if (!parsed.success) throw refuse(describeIssue(parsed.error, value))
  // What is done to it would be written over the list of that name.
  if (parsed.data.id !== id) throw refuse({ pointer: '/id', expected: id, found: parsed.data.id })
  const twice = findTwice(parsed.data.items.map(({ name }) => name))
  if (twice !== undefined) throw refuse(twice)
  return parsed.data
}

/**
 * A new list with everything open.
 *
 * @throws SluiceError `invalid_checklist`, with pointer, expected and found.
 */
export function newChecklist(
  id: string,
  request: ChecklistRequest,
  { actor, reason, ticket }: Order,
  at: number,
): Checklist {
  const { title, environment, items } = (request ?? {}) as Partial<ChecklistRequest>
  const optional = { environment, ticket }
  const opened = {
    schema: 1,
    id,
    title,
    openedBy: actor,
    openedAt: at,
    reason,
    ...withoutUndefined(optional),
    items: Array.isArray(items)
      ? items.map((each) => ({ ...withoutUndefined(Object(each)), phase: 'open' }))
      : items,
  }
  return parseChecklist(opened, id)
}

function findTwice(names: readonly string[]): Fault | undefined {
  const index = names.findIndex((name, place) => names.indexOf(name) !== place)
  if (index === -1) return undefined
  return { pointer: `/items/${index}/name`, expected: 'each item once', found: names[index] ?? '' }
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_checklist',
    `The checklist is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}
