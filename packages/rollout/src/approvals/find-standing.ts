import { describeEdit } from '../describe-edit.ts'
import { type Approval, isLive } from './approval.ts'
import type { ApprovalScene } from './approval-transition.ts'
import { standingOf } from './standing.ts'
import { type ApprovalCheck, type ApprovalSubject, digestOf } from './subject.ts'

/** What the requests in the log say about a subject: pure. */
export function findStanding(
  subject: ApprovalSubject,
  approvals: readonly Approval[],
  scene: ApprovalScene,
  arrivedAt: (id: string) => number | undefined,
): ApprovalCheck {
  const digest = digestOf(subject)
  const same = approvals.filter((approval) => approval.digest === digest)
  // Live ones go before what is over, and of those the latest speaks.
  const found = same.findLast(isLive) ?? same.at(-1)
  if (found !== undefined) return standingOf(found, scene, arrivedAt(found.id))

  const alike = approvals.findLast((one) => isLive(one) && isAlike(one.subject, subject))
  if (alike !== undefined) {
    const { id } = alike
    const edit = describeEdit(alike.subject, subject)
    const because = `what ${id} asks for was edited since (${edit}), which voids it: ask anew`
    return { status: 'voided', id, because }
  }
  return { status: 'missing', because: explainMissing(subject, approvals) }
}

/** About the same thing, in the same place. */
function isAlike(one: ApprovalSubject, other: ApprovalSubject): boolean {
  return isSameTarget(one, other) && one.environment === other.environment
}

function isSameTarget(one: ApprovalSubject, other: ApprovalSubject): boolean {
  return one.kind === other.kind && one.target === other.target
}

function explainMissing(subject: ApprovalSubject, approvals: readonly Approval[]): string {
  const { target, environment, kind } = subject
  const elsewhere = approvals.findLast((one) => isSameTarget(one.subject, subject) && isLive(one))
  const nobody = `nobody has asked for approval of this ${kind} of ${target} in ${environment}`
  if (elsewhere === undefined) return nobody
  return `${nobody}; ${elsewhere.id} is for ${elsewhere.subject.environment} and holds there only`
}
