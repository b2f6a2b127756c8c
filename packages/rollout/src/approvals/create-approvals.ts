import { SluiceError } from '@sluice/core'
import { type Change, systemClock } from '@sluice/stores'
import { checklistKey } from '../checklist/checklist.ts'
import { defaultPolicy } from '../policy/default-policy.ts'
import type { Order } from '../transition/event.ts'
import { type Approval, approvalKey, isLive } from './approval.ts'
import { toNotice } from './approval-notice.ts'
import { createApprovalTeller } from './approval-teller.ts'
import {
  type ApprovalEvent,
  type ApprovalScene,
  approvalTransition,
} from './approval-transition.ts'
import type { Approvals, ApprovalsOptions } from './approvals-contract.ts'
import { checkOrder, checkText } from './check-order.ts'
import { toDirectory } from './directory.ts'
import { openPostMortem, supersede, tickReview } from './emergency-debt.ts'
import { findEmergencyBasis, refuseEmergency } from './emergency-limits.ts'
import { findStanding } from './find-standing.ts'
import { newApproval, newEmergency, toId } from './new-approval.ts'
import { createApprovalReader } from './read-approvals.ts'
import { standingOf, wantsOf } from './standing.ts'
import { type ApprovalCheck, type ApprovalSubject, digestOf, parseSubject } from './subject.ts'
import { toText } from './time-text.ts'
import { createTimekeeper } from './timekeeper.ts'
import { untilWritten } from './until-written.ts'

/** A machine set by NTP is not so far behind; one that is would shorten the notice by as much. */
const clockSkewMs = 60_000

/**
 * Creates approvals over a log. Any number of processes may have them over the same one.
 *
 * @throws SluiceError `invalid_directory`.
 */
export function createApprovals(options: ApprovalsOptions): Approvals {
  const { replica: log, policy = defaultPolicy, clock = systemClock, notify } = options
  const directory = toDirectory(options.directory)
  const time = createTimekeeper(clock)
  const reader = createApprovalReader(log, (error) =>
    // Not at once: whoever creates approvals is to have the chance to listen.
    queueMicrotask(() => teller.tell('error', error)),
  )
  const teller = createApprovalTeller({
    ...{ log, reader, clock, time, notify },
    wantsOf: (approval) => (isLive(approval) ? wantsOf(approval, scene()) : []),
  })

  function scene(): ApprovalScene {
    return { policy, directory, now: time.read() }
  }

  function standing(approval: Approval): ApprovalCheck {
    return asOfNow(standingOf(approval, scene(), teller.arrivedAt(approval.id)))
  }

  function asOfNow(check: ApprovalCheck): ApprovalCheck {
    if (check.status !== 'approved') return check
    return { ...check, change: { ...check.change, basedOn: log.head.revision } }
  }

  /** One commit, and the news of it. `extra` stands in it too; `basis`: keys it was decided from beside those it writes. */
  async function write(
    approval: Approval,
    action: string,
    order: Order,
    extra: readonly Change[] = [],
    basis: readonly string[] = [],
  ): Promise<Approval> {
    const key = approvalKey(approval.id)
    const before = reader.all().find(({ id }) => id === approval.id)
    const changes = [{ key, value: approval as never }, ...extra]
    const { environment } = approval.subject
    const commit = await teller.whileWriting(() =>
      log.commit(
        { ...order, action, environment, changes },
        {
          dependsOn: [...changes.map((change) => change.key), ...basis],
          basedOn: log.head.revision,
        },
      ),
    )
    const wants = isLive(approval) ? wantsOf(approval, scene()) : []
    teller.notify(toNotice(approval, before, { at: commit.at, wants }))
    return approval
  }

  function act(
    id: string,
    event: ApprovalEvent,
    extra: (approval: Approval) => readonly Change[] = () => [],
  ): Promise<Approval> {
    return untilWritten(log, `The approval ${id}`, () => {
      const next = decide(id, event)
      return write(next.approval, next.action, checkOrder(event), extra(next.approval))
    })
  }

  function decide(id: string, event: ApprovalEvent) {
    const next = approvalTransition(reader.get(id), event, scene())
    if (!('refused' in next)) return next
    const { refused, because, ...details } = next
    throw new SluiceError(refused, `Nothing was written: ${because}.`, details)
  }

  /** The number of requests for exactly this, and the one that speaks for them. */
  function countEarlier(digest: string): { earlier: number; last: Approval | undefined } {
    const same = reader.all().filter((approval) => approval.digest === digest)
    // Another subject may begin with the same digits, and a record that cannot be read stands in its place, too.
    let earlier = same.length
    while (log.get(approvalKey(toId(digest, earlier))) !== undefined) earlier += 1
    return { earlier, last: same.findLast(isLive) ?? same.at(-1) }
  }

  function revisionOf({ id }: Approval): number {
    return log.get(approvalKey(id))?.revision ?? 0
  }

  function refuseTwice(approval: Approval | undefined): void {
    if (approval === undefined || !isLive(approval)) return
    const { status } = standing(approval)
    if (status === 'expired') return
    throw new SluiceError(
      'already_requested',
      `${approval.askedBy} has asked for exactly this in ${approval.id}, which is ${status}: answer that one, or withdraw it.`,
      { found: approval.id },
    )
  }

  function prepare(subject: ApprovalSubject, order: Order, replaces?: string): Approval {
    const { at, latest } = time.read()
    if (latest - at > clockSkewMs) throw clockBehind(at, latest)
    const { earlier, last } = countEarlier(digestOf(subject))
    refuseTwice(last)
    const request = { policy, directory, at, earlier }
    return newApproval(subject, order, replaces === undefined ? request : { ...request, replaces })
  }

  return {
    check: (subject) => {
      const { arrivedAt } = teller
      return asOfNow(findStanding(parseSubject(subject), reader.all(), scene(), arrivedAt))
    },

    async request(input, given) {
      const order = checkOrder(given)
      const subject = parseSubject(input)
      return untilWritten(log, 'The request', () =>
        write(prepare(subject, order), 'request_approval', order),
      )
    },

    async approve(id, given) {
      const order = checkOrder(given)
      return act(id, { type: 'approve', digest: given.digest, ...order })
    },
    reject: async (id, order) => act(id, { type: 'reject', ...checkOrder(order) }),
    withdraw: async (id, order) => act(id, { type: 'withdraw', ...checkOrder(order) }),

    async edit(id, input, given) {
      const order = checkOrder(given)
      const subject = parseSubject(input)
      return untilWritten(log, `The approval ${id}`, () => {
        if (reader.get(id).digest === digestOf(subject)) throw nothingEdited(id)
        // First whether it may be edited: to a stranger nothing else matters.
        decide(id, { type: 'replace', replacedBy: id, ...order })
        const next = prepare(subject, order, id)
        const { approval, action } = decide(id, { type: 'replace', replacedBy: next.id, ...order })
        return write(next, action, order, [{ key: approvalKey(id), value: approval as never }])
      })
    },

    async emergency(input, given) {
      const order = checkOrder(given)
      const incident = checkText(given.incident, '/incident')
      const subject = parseSubject(input)
      return untilWritten(log, 'The emergency', () => {
        const digest = digestOf(subject)
        const { earlier, last } = countEarlier(digest)
        refuseEmergency(subject, reader.all(), { policy, standingOf: standing, revisionOf })
        const at = time.read().at
        const request = { policy, directory, at, earlier }
        const approval = newEmergency(subject, { ...order, incident }, request)
        const changes = [
          ...(last !== undefined && isLive(last) ? [supersede(last, approval, order)] : []),
          openPostMortem(approval, order, at),
        ]
        const nextIdOf = (each: string) => toId(each, countEarlier(each).earlier)
        const basis = findEmergencyBasis(subject, reader.all(), { policy, nextIdOf })
        return write(approval, 'approve_in_emergency', order, changes, basis)
      })
    },

    async review(id, given) {
      const order = checkOrder(given)
      return act(id, { type: 'review', ...order }, (approval) => {
        const list = approval.emergency?.checklist ?? ''
        return tickReview(list, log.get(checklistKey(list))?.value, order, time.read().at)
      })
    },

    list(filter = {}) {
      const { isUnreviewed, status, ...about } = filter
      const wanted = Object.entries(about).filter(([, value]) => value !== undefined)
      return reader
        .all()
        .filter(({ subject, emergency }) => {
          const debt = emergency !== undefined && emergency.review === undefined
          if (isUnreviewed !== undefined && debt !== isUnreviewed) return false
          return wanted.every(([name, value]) => subject[name as keyof typeof about] === value)
        })
        .map((approval) => ({ approval, standing: standing(approval) }))
        .filter((view) => status === undefined || view.standing.status === status)
    },

    on: teller.on,
    off: teller.off,
    async close() {
      time.stop()
      await teller.stop()
    },
  }
}

function clockBehind(at: number, latest: number): SluiceError {
  return new SluiceError(
    'clock_behind',
    `Nothing was written: this machine's clock says ${toText(at)}, and the log's last commit, or time passed here, says ${toText(latest)}. A notice that counts from a clock that lags is too short: set the clock right, and ask again. If it was the commit whose clock was wrong, the next commit of anybody heals it.`,
    { expected: `${toText(latest)} or later`, found: toText(at) },
  )
}

function nothingEdited(id: string): SluiceError {
  return new SluiceError(
    'nothing_edited',
    `Nothing was written: ${id} asks for exactly this already.`,
  )
}
