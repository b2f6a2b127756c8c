import { SluiceError } from '@sluice/core'
import type { Policy } from '../policy/policy.ts'
import { type Approval, approvalKey, isLive } from './approval.ts'
import { type ApprovalCheck, type ApprovalSubject, digestOf } from './subject.ts'

/** Against what an emergency is measured. */
export interface EmergencyScene {
  readonly policy: Policy
  /** What the requests are worth now. */
  readonly standingOf: (approval: Approval) => ApprovalCheck
  /** The revision that last wrote a request: the order of answers, whatever the clocks said. */
  readonly revisionOf: (approval: Approval) => number
}

/**
 * Refuses an emergency where there is none: it is approved already, somebody has said no to exactly this and nobody yes
 * since, or everyone is being asked for it. Calling the same change another type makes it no other change.
 *
 * @param approvals All requests there are.
 * @throws SluiceError `already_approved`, `emergency_forbidden`.
 */
export function refuseEmergency(
  subject: ApprovalSubject,
  approvals: readonly Approval[],
  scene: EmergencyScene,
): void {
  const { policy, standingOf, revisionOf } = scene
  const same = findSameChange(subject, approvals)
  for (const approval of same) {
    if (approval.subject.type !== subject.type || !isLive(approval)) continue
    const { status } = standingOf(approval)
    if (status === 'approved') throw alreadyApproved(approval)
  }
  const latestFirst = same.toSorted((one, other) => revisionOf(other) - revisionOf(one))
  // A yes of others that came later takes a no back; one that somebody gave alone does not.
  const answered = latestFirst.find(
    ({ phase, emergency }) =>
      phase === 'rejected' ||
      (emergency === undefined && (phase === 'approved' || phase === 'used')),
  )
  if (answered?.phase === 'rejected') throw rejected(answered)
  const consensus = same.find(
    (approval) =>
      policy.approvals.types[approval.subject.type]?.approvers === 'everyone' &&
      standingOf(approval).status === 'pending',
  )
  if (consensus !== undefined) throw asksEveryone(consensus)
}

/**
 * The keys such a refusal is read from: of every request for the same change, and of the one that would be asked for next,
 * whatever it is called. Whoever writes one of them meanwhile may have said no, or asked everyone.
 *
 * @param nextIdOf The id that the next request with a digest gets.
 */
export function findEmergencyBasis(
  subject: ApprovalSubject,
  approvals: readonly Approval[],
  { policy, nextIdOf }: Pick<EmergencyScene, 'policy'> & { nextIdOf: (digest: string) => string },
): string[] {
  const types = Object.keys(policy.approvals.types)
  const next = types.map((type) => nextIdOf(digestOf({ ...subject, type })))
  const known = findSameChange(subject, approvals).map(({ id }) => id)
  return [...known, ...next].map(approvalKey)
}

function findSameChange(subject: ApprovalSubject, approvals: readonly Approval[]): Approval[] {
  const { kind, environment, target, type } = subject
  const digest = digestOf(subject)
  return approvals.filter(({ subject: other }) => {
    if (other.kind !== kind || other.target !== target) return false
    return other.environment === environment && digestOf({ ...other, type }) === digest
  })
}

function alreadyApproved({ id }: Approval): SluiceError {
  return new SluiceError('already_approved', `${id} is approved, and can be used: go ahead.`)
}

function rejected({ id, by, because }: Approval & { by: string; because: string }): SluiceError {
  return new SluiceError(
    'emergency_forbidden',
    `${by} has rejected exactly this in ${id} (${because}): change what you ask for, or convince them.`,
    { found: id },
  )
}

function asksEveryone({ id, askedBy, subject }: Approval): SluiceError {
  return new SluiceError(
    'emergency_forbidden',
    `${askedBy} is asking everyone for exactly this, as a ${subject.type} change, in ${id}: it cannot go ahead before they have answered.`,
    { found: id },
  )
}
