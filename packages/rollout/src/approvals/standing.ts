import { type Approval, approvalKey, enterPhase, isLive } from './approval.ts'
import type { ApprovalScene } from './approval-transition.ts'
import type { ApprovalCheck, ApprovalUse } from './subject.ts'
import { toText } from './time-text.ts'
import { findWants } from './wants.ts'

/** Clocks of machines that are set by NTP differ by less; a request from further ahead has a wrong clock on one side. */
const clockSkewMs = 60_000

/**
 * Whether a request may be used now, and if not, why: pure.
 *
 * The notice must be over by the early end of what this process knows of the time, the expiry is reached by the late
 * end: a clock that jumps opens nothing.
 *
 * @param arrivedAt When this process saw the request come in, where it did: the notice is as long from then, too, so
 * that a requester's clock which lags does not shorten it.
 */
export function standingOf(
  approval: Approval,
  scene: ApprovalScene,
  arrivedAt?: number,
): ApprovalCheck {
  const { id, phase, askedAt, askedBy, expiresAt } = approval
  const { now } = scene
  if (phase === 'used') {
    return { status: 'used', id, because: `${id} was used already: ask anew` }
  }
  if (!isLive(approval)) {
    const { by, because } = approval as Approval & { by: string; because: string }
    return { status: phase as 'rejected', id, because: `${id} was ${phase} by ${by}: ${because}` }
  }
  if (now.latest >= expiresAt) {
    return { status: 'expired', id, because: `${id} has expired at ${toText(expiresAt)}: ask anew` }
  }
  if (askedAt - now.latest > clockSkewMs) {
    const because = `${id} was asked for at ${toText(askedAt)} by ${askedBy}, which is ahead of this clock (${toText(now.latest)}): one of the two is wrong`
    return { status: 'pending', id, because }
  }
  const readyAt = findReadyAt(approval, arrivedAt)
  const waits = readyAt !== undefined && now.earliest < readyAt
  const notice = waits ? { readyAt } : {}
  const wants = approval.phase === 'approved' ? [] : wantsOf(approval, scene)
  if (wants.length > 0) {
    const because = `${id} wants the approval of ${wants.join(', ')}`
    return { status: 'pending', id, because, wants, ...notice }
  }
  if (waits) {
    const because = `${id} is approved, and its notice ends at ${toText(readyAt)}`
    return { status: 'pending', id, because, wants, readyAt }
  }
  return { status: 'approved', id, change: use(approval, now.at) }
}

/** Whose approval a request wants still. Somebody who has left the team is not waited for. */
export function wantsOf(approval: Approval, { policy, directory }: ApprovalScene): string[] {
  const { subject, askedBy, answers } = approval
  const type = policy.approvals.types[subject.type]
  if (type === undefined) return [`a type in the policy, which has no ${subject.type}`]
  try {
    return findWants(type.approvers, answers, { askedBy, team: directory.everyone() })
  } catch {
    return ['a directory that can be read']
  }
}

/** When the notice is over; undefined where none was wanted, and so no clock need be right. */
function findReadyAt(approval: Approval, arrivedAt: number | undefined): number | undefined {
  const noticeMs = approval.noticeUntil - approval.askedAt
  if (noticeMs <= 0) return undefined
  return Math.max(approval.noticeUntil, (arrivedAt ?? Number.NEGATIVE_INFINITY) + noticeMs)
}

function use(approval: Approval, usedAt: number): ApprovalUse {
  const approvedAt = approval.phase === 'approved' ? { approvedAt: approval.approvedAt } : {}
  const used = enterPhase(approval, { phase: 'used', ...approvedAt, usedAt })
  const key = approvalKey(approval.id)
  return { changes: [{ key, value: used as never }], dependsOn: [key] }
}
