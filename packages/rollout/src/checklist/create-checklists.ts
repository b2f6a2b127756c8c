import { SluiceError } from '@sluice/core'
import { type Clock, type Replica, systemClock } from '@sluice/stores'
import { checkOrder, checkText } from '../approvals/check-order.ts'
import { untilWritten } from '../approvals/until-written.ts'
import type { Order } from '../transition/event.ts'
import {
  type Checklist,
  type ChecklistRequest,
  type ChecklistStatus,
  checklistKey,
  statusOf,
} from './checklist.ts'
import { newChecklist, parseChecklist } from './checklist-schema.ts'
import { changeItem, type ItemEvent } from './checklist-transition.ts'

/** What checklists need of the log: a replica, or anything with these of its members. */
export type ChecklistLog = Pick<Replica, 'head' | 'get' | 'entries' | 'refresh' | 'commit'>

/** Of what checklists are made. */
export interface ChecklistsOptions {
  readonly replica: ChecklistLog
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** What is said of an item that was done. */
export interface TickOrder extends Order {
  readonly note?: string
  /** Where it can be seen: a link, a hash. */
  readonly evidence?: string
}

/** Which lists are wanted; all of it must fit. */
export interface ChecklistFilter {
  readonly environment?: string
  readonly isComplete?: boolean
  /** With items whose time is over. */
  readonly isOverdue?: boolean
}

/**
 * Lists of things to do, in the log: who ticked what, and when. Each change is one commit, durable when it resolves, and
 * rejects with a SluiceError otherwise: `invalid_order`, `checklist_not_found`, `item_not_found`, `invalid_checklist`, and
 * whatever the store throws.
 */
export interface Checklists {
  /**
   * Opens a list.
   *
   * @param id Unique for ever: a list that is opened again stays as it is, and is answered.
   */
  open(id: string, request: ChecklistRequest, order: Order): Promise<Checklist>
  /** As `open`, and says whether it was this call that opened it: of all who try at once, one. */
  openOnce(
    id: string,
    request: ChecklistRequest,
    order: Order,
  ): Promise<{ readonly checklist: Checklist; readonly isNew: boolean }>
  /** Says that an item is done. @throws SluiceError `already_ticked`, `already_skipped`. */
  tick(id: string, item: string, order: TickOrder): Promise<Checklist>
  /** Opens an item again. @throws SluiceError `not_ticked`. */
  untick(id: string, item: string, order: Order): Promise<Checklist>
  /** Says that an item is not to be done, and why. @throws SluiceError As `tick`. */
  skip(id: string, item: string, order: Order): Promise<Checklist>
  /** How far a list is, by what this process knows. @throws SluiceError `checklist_not_found`, `invalid_checklist`. */
  status(id: string): ChecklistStatus
  /** Those that can be read, sorted by id. */
  list(filter?: ChecklistFilter): readonly ChecklistStatus[]
}

/** Creates checklists over a log. Any number of processes may have them over the same one. */
export function createChecklists({
  replica: log,
  clock = systemClock,
}: ChecklistsOptions): Checklists {
  function read(id: string): Checklist {
    const entry = log.get(checklistKey(id))
    if (entry === undefined) throw notFound(id)
    return parseChecklist(entry.value, id)
  }

  async function write(action: string, checklist: Checklist, order: Order): Promise<Checklist> {
    const key = checklistKey(checklist.id)
    const { environment } = checklist
    const changes = [{ key, value: checklist as never }]
    await log.commit(
      { ...order, action, environment, changes },
      { dependsOn: [key], basedOn: log.head.revision },
    )
    return checklist
  }

  async function change(
    id: string,
    item: string,
    given: Order,
    event: ItemEvent,
  ): Promise<Checklist> {
    const order = checkOrder(given)
    return untilWritten(log, `The checklist ${id}`, async () => {
      return write(`${event.type}_item`, changeItem(read(id), item, event, clock.now()), order)
    })
  }

  const openOnce: Checklists['openOnce'] = async (id, request, given) => {
    const order = checkOrder(given)
    checkText(id, '/id')
    return untilWritten(log, `The checklist ${id}`, async () => {
      if (log.get(checklistKey(id)) !== undefined) return { checklist: read(id), isNew: false }
      const checklist = newChecklist(id, request, order, clock.now())
      return { checklist: await write('open_checklist', checklist, order), isNew: true }
    })
  }

  return {
    openOnce,
    open: async (id, request, order) => (await openOnce(id, request, order)).checklist,

    async tick(id, item, order) {
      const { actor: by, note, evidence } = order ?? {}
      const said = {
        ...(note === undefined ? {} : { note: checkText(note, '/note') }),
        ...(evidence === undefined ? {} : { evidence: checkText(evidence, '/evidence') }),
      }
      return change(id, item, order, { type: 'tick', by, ...said })
    },
    async untick(id, item, order) {
      return change(id, item, order, { type: 'untick', by: order?.actor })
    },
    async skip(id, item, order) {
      const { actor: by, reason: because } = order ?? {}
      return change(id, item, order, { type: 'skip', by, because })
    },

    status: (id) => statusOf(read(id), clock.now()),

    list({ environment, isComplete, isOverdue } = {}) {
      const found: ChecklistStatus[] = []
      for (const { key, value } of log.entries(checklistKey(''))) {
        const status = tryStatus(value, key.slice(checklistKey('').length), clock.now())
        if (status === undefined) continue
        if (environment !== undefined && status.checklist.environment !== environment) continue
        if (isComplete !== undefined && status.isComplete !== isComplete) continue
        if (isOverdue !== undefined && status.overdue.length > 0 !== isOverdue) continue
        found.push(status)
      }
      return found
    },
  }
}

function tryStatus(value: unknown, id: string, now: number): ChecklistStatus | undefined {
  try {
    return statusOf(parseChecklist(value, id), now)
  } catch {
    // Asked for by its id, it says what is wrong with it.
    return undefined
  }
}

function notFound(id: string): SluiceError {
  return new SluiceError(
    'checklist_not_found',
    `There is no checklist ${JSON.stringify(id)} in the log: open it first.`,
    { found: id },
  )
}
