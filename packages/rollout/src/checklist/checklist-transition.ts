import { SluiceError } from '@sluice/core'
import { toText } from '../approvals/time-text.ts'
import { withoutUndefined } from '../without-undefined.ts'
import type { Checklist, Item, ItemPhase } from './checklist.ts'

/** What a person does to an item. */
export type ItemEvent =
  | {
      readonly type: 'tick'
      readonly by: string
      readonly note?: string
      readonly evidence?: string
    }
  | { readonly type: 'untick'; readonly by: string }
  | { readonly type: 'skip'; readonly by: string; readonly because: string }

/**
 * The list after something was done to an item: pure. Who was first stays written: what is ticked cannot be ticked
 * again, only unticked.
 *
 * @param at Epoch milliseconds.
 * @throws SluiceError `item_not_found`; `already_ticked`, `already_skipped`, `not_ticked`.
 */
export function changeItem(
  checklist: Checklist,
  name: string,
  event: ItemEvent,
  at: number,
): Checklist {
  const place = checklist.items.findIndex((item) => item.name === name)
  const item = checklist.items[place]
  if (item === undefined) throw noItem(checklist, name)
  const items = checklist.items.with(place, { ...askedOf(item), ...next(item, event, at) })
  return { ...checklist, items }
}

function next(item: Item, event: ItemEvent, at: number): ItemPhase {
  const { type, by } = event
  if (type === 'untick') {
    if (item.phase !== 'open') return { phase: 'open' }
    throw refuse('not_ticked', `${item.name} is open`)
  }
  if (item.phase !== 'open') throw refuse(`already_${item.phase}`, describe(item))
  if (type === 'skip') return { phase: 'skipped', by, at, because: event.because }
  const { note, evidence } = event
  return { phase: 'ticked', by, at, ...withoutUndefined({ note, evidence }) }
}

function askedOf({ name, title, dueAt }: Item): Pick<Item, 'name' | 'title' | 'dueAt'> {
  return { name, ...withoutUndefined({ title, dueAt }) }
}

function describe(item: Exclude<Item, { phase: 'open' }>): string {
  return `${item.name} was ${item.phase} by ${item.by} at ${toText(item.at)}; untick it first`
}

function refuse(code: string, because: string): SluiceError {
  return new SluiceError(code, `Nothing was written: ${because}.`)
}

function noItem({ id, items }: Checklist, name: string): SluiceError {
  const expected = items.map((item) => item.name).join(', ')
  return new SluiceError(
    'item_not_found',
    `The checklist ${id} has no ${name}: it has ${expected}.`,
    {
      expected,
      found: name,
    },
  )
}
