import { SluiceError } from '@sluice/core'
import type { ApprovalType, Policy } from '../policy/policy.ts'
import type { Order } from '../transition/event.ts'
import type { Approval } from './approval.ts'
import { type Directory, isSamePerson } from './directory.ts'
import { type ApprovalSubject, digestOf } from './subject.ts'
import { rolesThatCount } from './wants.ts'

/** Against what a request is made. */
export interface RequestScene {
  readonly policy: Policy
  readonly directory: Directory
  /** Epoch milliseconds. */
  readonly at: number
  /** How many requests there have been for exactly this; ids that others have taken count, too. */
  readonly earlier: number
}

/**
 * A new request: pending, with the notice and the expiry of its type.
 *
 * @throws SluiceError `unknown_approval_type`; `no_approvers` where the team is one person.
 */
export function newApproval(
  subject: ApprovalSubject,
  order: Order,
  scene: RequestScene & { readonly replaces?: string },
): Approval {
  const { policy, directory, at, replaces } = scene
  const { approvers, noticeMs } = typeOf(subject, policy)
  const isAlone = directory.everyone().every((name) => isSamePerson(name, order.actor))
  if (approvers === 'everyone' && isAlone) {
    throw new SluiceError(
      'no_approvers',
      `Nobody but ${order.actor} could approve this: the directory's team is to have others.`,
      { expected: 'somebody else in the directory', found: 'nobody' },
    )
  }
  return {
    ...common(subject, order, scene),
    noticeUntil: at + noticeMs,
    expiresAt: at + policy.approvals.expiresAfterMs,
    ...(replaces === undefined ? {} : { replaces }),
    phase: 'pending',
  }
}

/**
 * A request that its own asker approves, because there is no time: no notice, a short life, and a debt.
 *
 * It is for whoever may approve a hotfix. It never works for a type that needs everyone's consensus: what breaks others
 * is no emergency of one.
 *
 * @throws SluiceError `not_an_approver`; `emergency_forbidden` for a type of consensus; `unknown_approval_type`.
 */
export function newEmergency(
  subject: ApprovalSubject,
  order: Order & { readonly incident: string },
  scene: RequestScene,
): Approval {
  const { policy, directory, at } = scene
  const { actor, incident } = order
  if (typeOf(subject, policy).approvers === 'everyone') {
    throw new SluiceError(
      'emergency_forbidden',
      `A ${subject.type} change needs everyone's consensus, in an emergency too: ask for a smaller one, or go back.`,
      { pointer: '/type', expected: 'a type with approvers by role', found: subject.type },
    )
  }
  const hotfix = policy.approvals.types.hotfix?.approvers ?? {}
  const scope = { roles: directory.rolesOf(actor), team: directory.everyone() }
  const roles = rolesThatCount(hotfix, actor, scope)
  if (roles.length === 0) {
    const expected = hotfix === 'everyone' ? 'the team' : Object.keys(hotfix).join(', ')
    const found = scope.roles.join(', ') || 'no role'
    throw new SluiceError(
      'not_an_approver',
      `${actor} (${found}) may not approve in an emergency; it takes ${expected || 'a role that may approve a hotfix'}.`,
      { expected, found },
    )
  }
  const terms = common(subject, order, scene)
  return {
    ...terms,
    noticeUntil: at,
    expiresAt: at + policy.hotfix.totalMs,
    answers: [{ by: actor, answer: 'approve', roles, at, reason: order.reason }],
    emergency: {
      incident,
      postMortemDueAt: at + policy.hotfix.postMortemMs,
      checklist: `emergency-${terms.id}`,
    },
    phase: 'approved',
    approvedAt: at,
  }
}

/** The id of a request: two who ask for the same at once ask under one. */
export function toId(digest: string, earlier: number): string {
  return `${digest.slice(0, 12)}-${earlier + 1}`
}

function common(subject: ApprovalSubject, order: Order, { at, earlier }: RequestScene) {
  const { actor, reason, ticket } = order
  const digest = digestOf(subject)
  return {
    schema: 1,
    id: toId(digest, earlier),
    subject,
    digest,
    askedBy: actor,
    askedAt: at,
    reason,
    ...(ticket === undefined ? {} : { ticket }),
    answers: [],
  } as const
}

function typeOf({ type }: ApprovalSubject, { approvals }: Policy): ApprovalType {
  const known = Object.hasOwn(approvals.types, type) ? approvals.types[type] : undefined
  if (known !== undefined) return known
  const expected = Object.keys(approvals.types).join(', ')
  throw new SluiceError(
    'unknown_approval_type',
    `The policy has no type of change ${JSON.stringify(type)}: it has ${expected}.`,
    { pointer: '/type', expected, found: type },
  )
}
