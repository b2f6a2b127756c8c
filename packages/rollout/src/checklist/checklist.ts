/** One thing to do, as it is asked for. */
export interface ItemRequest {
  /** Unique in its list. */
  readonly name: string
  /** Default: the name. */
  readonly title?: string
  /** Epoch milliseconds. */
  readonly dueAt?: number
}

/** What became of one thing to do, and by whom. */
export type ItemPhase =
  | { readonly phase: 'open' }
  | {
      readonly phase: 'ticked'
      readonly by: string
      readonly at: number
      readonly note?: string
      /** Where it can be seen: a link, a hash. */
      readonly evidence?: string
    }
  | {
      readonly phase: 'skipped'
      readonly by: string
      readonly at: number
      readonly because: string
    }

/** One thing to do, and what became of it. */
export type Item = ItemRequest & ItemPhase

/** A list of things to do exactly as it stands in the log, under `checklist/<id>`. */
export interface Checklist {
  /** The version of this record's shape in the log. */
  readonly schema: 1
  readonly id: string
  readonly title: string
  readonly environment?: string
  readonly openedBy: string
  /** Epoch milliseconds. */
  readonly openedAt: number
  readonly reason: string
  readonly ticket?: string
  readonly items: readonly Item[]
}

/** A list of things to do, as it is asked for. */
export interface ChecklistRequest {
  readonly title: string
  readonly environment?: string
  readonly items: readonly ItemRequest[]
}

/** How far a list is. */
export interface ChecklistStatus {
  readonly checklist: Checklist
  readonly open: readonly Item[]
  /** Open, and the time it was due is over. */
  readonly overdue: readonly Item[]
  /** Nothing is open. */
  readonly isComplete: boolean
}

/** Where a list stands in the log. */
export function checklistKey(id: string): string {
  return `checklist/${id}`
}

/** How far a list is at an instant: pure. */
export function statusOf(checklist: Checklist, now: number): ChecklistStatus {
  const open = checklist.items.filter(({ phase }) => phase === 'open')
  // A clock that is no number makes everything overdue rather than nothing.
  const overdue = open.filter(({ dueAt }) => dueAt !== undefined && !(now < dueAt))
  return { checklist, open, overdue, isComplete: open.length === 0 }
}
