import type { Clock, Emitter } from '@sluice/stores'
import type { Policy } from '../policy/policy.ts'
import type { Order } from '../transition/event.ts'
import type { Approval } from './approval.ts'
import type { ApprovalEvents, Notify } from './approval-teller.ts'
import type { Directory, DirectoryRecord } from './directory.ts'
import type { ApprovalLog } from './read-approvals.ts'
import type { ApprovalCheck, ApprovalDesk, ApprovalSubject } from './subject.ts'

/** Of what approvals are made. */
export interface ApprovalsOptions {
  /** Where the log is read and written. */
  readonly replica: ApprovalLog
  /** Who has which role. */
  readonly directory: Directory | DirectoryRecord
  /** Default: `defaultPolicy`. */
  readonly policy?: Policy
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /**
   * Told of each thing this process wrote, once it is durable: the place to page and to mail. What it throws, and where
   * it takes longer than 15 seconds, is told as `error`; nobody waits for it.
   */
  readonly notify?: Notify
}

/** Which requests are wanted; all of it must fit. */
export interface ApprovalFilter {
  readonly status?: ApprovalCheck['status']
  readonly kind?: ApprovalSubject['kind']
  readonly environment?: string
  readonly target?: string
  readonly type?: string
  /** Emergencies that nobody else has looked at. */
  readonly isUnreviewed?: boolean
}

/** A request, and what it is worth now. */
export interface ApprovalView {
  readonly approval: Approval
  readonly standing: ApprovalCheck
}

/**
 * Requests for approval, in the log. What people do is durable when it resolves, with the request as it then stands; each
 * rejects with a SluiceError and has changed nothing otherwise: `invalid_order`, `approval_not_found`, `invalid_approval`,
 * and whatever the store throws.
 */
export interface Approvals extends ApprovalDesk {
  /**
   * Asks. The notice counts from now.
   *
   * @throws SluiceError `invalid_subject`, `unknown_approval_type`, `no_approvers`; `already_requested` while exactly this
   * is asked for; `clock_behind` where this machine's clock is behind the log.
   */
  request(subject: ApprovalSubject, order: Order): Promise<Approval>
  /**
   * Says yes to what has this digest.
   *
   * @throws SluiceError `own_request`, `digest_mismatch`, `not_an_approver`, `already_answered`; `approval_used`,
   * `approval_rejected`, `approval_withdrawn`, `approval_voided`, `approval_expired` where it comes too late.
   */
  approve(id: string, order: Order & { readonly digest: string }): Promise<Approval>
  /** Says no: one is enough, also after others, or the same person, said yes. @throws SluiceError As `approve`. */
  reject(id: string, order: Order): Promise<Approval>
  /** Takes the request back. @throws SluiceError `not_the_requester`; as `approve`. */
  withdraw(id: string, order: Order): Promise<Approval>
  /**
   * Asks for something else in its place: in one commit the old one is void, and the new one begins with its own notice.
   *
   * @throws SluiceError As `request` and `withdraw`; `nothing_edited`.
   */
  edit(id: string, subject: ApprovalSubject, order: Order): Promise<Approval>
  /**
   * Approves alone, at once, and says so aloud: for whoever may approve a hotfix, be it the one who asks. It opens a
   * checklist with the post-mortem, and stays in the list of the unreviewed until somebody else reviews it.
   *
   * @throws SluiceError `not_an_approver`; `emergency_forbidden` for a type that needs everyone, and for what somebody has
   * rejected; `already_approved`.
   */
  emergency(
    subject: ApprovalSubject,
    order: Order & { readonly incident: string },
  ): Promise<Approval>
  /** Looks at what was approved in an emergency. @throws SluiceError `not_an_emergency`, `own_request`, `already_reviewed`, `not_an_approver`. */
  review(id: string, order: Order): Promise<Approval>
  /** Oldest first. */
  list(filter?: ApprovalFilter): readonly ApprovalView[]
  on: Emitter<ApprovalEvents>['on']
  off: Emitter<ApprovalEvents>['off']
  /** Listens no more; resolves when hooks under way are over. */
  close(): Promise<void>
}
