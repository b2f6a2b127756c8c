import type { Policy } from '../policy/policy.ts'
import type { Order } from '../transition/event.ts'
import { type Approval, type ApprovalAnswer, enterPhase, isLive } from './approval.ts'
import { type Directory, isSamePerson } from './directory.ts'
import { toText } from './time-text.ts'
import type { TimeSpan } from './timekeeper.ts'
import { findWants, rolesThatCount } from './wants.ts'

/** What a person does to a request. */
export type ApprovalEvent =
  /** `digest`: what the person saw. */
  | ({ readonly type: 'approve'; readonly digest: string } & Order)
  | ({ readonly type: 'reject' } & Order)
  | ({ readonly type: 'withdraw' } & Order)
  /** Somebody else looked at what was done in an emergency. */
  | ({ readonly type: 'review' } & Order)
  /** It was edited: another request stands in its place. */
  | ({ readonly type: 'replace'; readonly replacedBy: string } & Order)

/** Against what a decision is made. */
export interface ApprovalScene {
  readonly policy: Policy
  readonly directory: Directory
  readonly now: TimeSpan
}

/** Why an event changes nothing. */
export type ApprovalRefusal =
  | 'approval_used'
  | 'approval_rejected'
  | 'approval_withdrawn'
  | 'approval_voided'
  | 'approval_expired'
  | 'own_request'
  | 'digest_mismatch'
  | 'not_an_approver'
  | 'not_the_requester'
  | 'already_answered'
  | 'already_reviewed'
  | 'not_an_emergency'
  | 'unknown_approval_type'

/** A request and what follows from it: the next one, to be written, or why nothing is. */
export type ApprovalTransition =
  | { readonly approval: Approval; readonly action: string }
  | {
      readonly refused: ApprovalRefusal
      readonly because: string
      readonly expected?: string
      readonly found?: string
    }

/** What becomes of a request when somebody does something: pure, and total over every phase and event. */
export function approvalTransition(
  approval: Approval,
  event: ApprovalEvent,
  scene: ApprovalScene,
): ApprovalTransition {
  if (event.type === 'review') return review(approval, event, scene)
  if (!isLive(approval)) return refuseEnded(approval)
  if (event.type === 'withdraw') return withdraw(approval, event, scene.now.at)
  if (scene.now.latest >= approval.expiresAt) return refuseExpired(approval)
  switch (event.type) {
    case 'approve':
      return approve(approval, event, scene)
    case 'reject':
      return reject(approval, event, scene)
    case 'replace':
      return replace(approval, event, scene.now.at)
  }
}

function approve(
  approval: Approval,
  event: ApprovalEvent & { type: 'approve' },
  scene: ApprovalScene,
): ApprovalTransition {
  const { actor, digest } = event
  const { askedBy, id } = approval
  if (isSamePerson(actor, askedBy)) {
    return refuse('own_request', `${askedBy} asked for ${id} and so cannot approve it`)
  }
  if (digest !== approval.digest) {
    return {
      refused: 'digest_mismatch',
      because: `${actor} saw something else than what ${id} asks for: look at it again`,
      expected: approval.digest,
      found: String(digest),
    }
  }
  const given = answer(approval, event, scene)
  if ('refused' in given) return given
  if (approval.answers.some(({ by }) => isSamePerson(by, actor))) {
    return refuse('already_answered', `${actor} has approved ${id} already`)
  }
  const answers = [...approval.answers, given]
  const action = 'approve'
  if (approval.phase === 'approved') {
    const phase = { phase: 'approved', approvedAt: approval.approvedAt } as const
    return { approval: enterPhase(approval, phase, { answers }), action }
  }
  const approvers = scene.policy.approvals.types[approval.subject.type]?.approvers ?? {}
  const team = scene.directory.everyone()
  const isEnough = findWants(approvers, answers, { askedBy, team }).length === 0
  return {
    approval: isEnough
      ? enterPhase(approval, { phase: 'approved', approvedAt: scene.now.at }, { answers })
      : enterPhase(approval, { phase: 'pending' }, { answers }),
    action,
  }
}

/** One person's no is enough, of whoever could have said yes; also of one who did say yes before. */
function reject(
  approval: Approval,
  event: ApprovalEvent & { type: 'reject' },
  scene: ApprovalScene,
): ApprovalTransition {
  const { actor, reason } = event
  if (isSamePerson(actor, approval.askedBy)) {
    return refuse('own_request', `${actor} asked for ${approval.id}: withdraw it instead`)
  }
  const given = answer(approval, event, scene)
  if ('refused' in given) return given
  const answers = [...approval.answers, given]
  const phase = { phase: 'rejected', by: actor, because: reason, at: scene.now.at } as const
  return { approval: enterPhase(approval, phase, { answers }), action: 'reject' }
}

function withdraw(approval: Approval, { actor, reason }: Order, at: number): ApprovalTransition {
  if (!isSamePerson(actor, approval.askedBy)) return refuseStranger(approval, actor)
  const phase = { phase: 'withdrawn', by: actor, because: reason, at } as const
  return { approval: enterPhase(approval, phase), action: 'withdraw' }
}

function replace(
  approval: Approval,
  event: ApprovalEvent & { type: 'replace' },
  at: number,
): ApprovalTransition {
  const { actor, reason, replacedBy } = event
  if (!isSamePerson(actor, approval.askedBy)) return refuseStranger(approval, actor)
  const phase = { phase: 'voided', by: actor, because: reason, at, replacedBy } as const
  return { approval: enterPhase(approval, phase), action: 'edit_request' }
}

/** Somebody else looked at what was done in an emergency. */
function review(
  approval: Approval,
  { actor, reason }: Order,
  { policy, directory, now }: ApprovalScene,
): ApprovalTransition {
  const { emergency, id } = approval
  if (emergency === undefined) return refuse('not_an_emergency', `${id} was no emergency`)
  if (emergency.review !== undefined) {
    return refuse('already_reviewed', `${emergency.review.by} has reviewed ${id} already`)
  }
  if (isSamePerson(actor, approval.askedBy)) {
    return refuse('own_request', `${actor} approved ${id} alone: somebody else must look at it`)
  }
  const { types } = policy.approvals
  const scope = { roles: directory.rolesOf(actor), team: directory.everyone() }
  // Consensus gives everyone a say, but a review wants somebody whom a role makes answerable.
  const isReviewer = Object.entries(types).some(([type, { approvers }]) => {
    if (approvers === 'everyone' && type !== 'hotfix') return false
    return rolesThatCount(approvers, actor, scope).length > 0
  })
  if (!isReviewer) {
    return refuse('not_an_approver', `${actor} has no role in which anything is approved`)
  }
  const seen = { ...emergency, review: { by: actor, at: now.at, reason } }
  return { approval: { ...approval, emergency: seen }, action: 'review_emergency' }
}

/** What a person's answer is worth: nothing without a role that counts. */
function answer(
  approval: Approval,
  { type, actor, reason }: ApprovalEvent & { type: 'approve' | 'reject' },
  { policy, directory, now }: ApprovalScene,
): ApprovalAnswer | (ApprovalTransition & { refused: ApprovalRefusal }) {
  const { id, subject } = approval
  const known = policy.approvals.types[subject.type]
  if (known === undefined) {
    return refuse('unknown_approval_type', `the policy has no type ${subject.type} any more`)
  }
  const { approvers } = known
  const scope = { roles: directory.rolesOf(actor), team: directory.everyone() }
  const roles = rolesThatCount(approvers, actor, scope)
  if (roles.length > 0) return { by: actor, answer: type, roles, at: now.at, reason }
  const expected = approvers === 'everyone' ? 'the team' : Object.keys(approvers).join(', ')
  const found = scope.roles.join(', ') || 'no role'
  const because = `${actor} (${found}) has no say in ${id}, which wants ${expected}`
  return { refused: 'not_an_approver', because, expected, found }
}

function refuseEnded(approval: Approval): ApprovalTransition {
  const { id } = approval
  switch (approval.phase) {
    case 'rejected':
    case 'withdrawn':
    case 'voided': {
      const { phase, by, because } = approval
      return refuse(`approval_${phase}`, `${id} was ${phase} by ${by}: ${because}`)
    }
    default:
      return refuse('approval_used', `${id} was used already; what was approved once is done once`)
  }
}

function refuseExpired({ id, expiresAt }: Approval): ApprovalTransition {
  return refuse('approval_expired', `${id} has expired at ${toText(expiresAt)}: ask anew`)
}

function refuseStranger({ id, askedBy }: Approval, actor: string): ApprovalTransition {
  return refuse('not_the_requester', `${askedBy} asked for ${id}, not ${actor}; reject it instead`)
}

function refuse(
  refused: ApprovalRefusal,
  because: string,
): ApprovalTransition & { refused: ApprovalRefusal } {
  return { refused, because }
}
