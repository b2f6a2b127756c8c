import type { ApprovalSubject } from './subject.ts'

/** One person's answer. */
export interface ApprovalAnswer {
  readonly by: string
  readonly answer: 'approve' | 'reject'
  /** The roles that count, out of those the person had when answering. */
  readonly roles: readonly string[]
  readonly at: number
  readonly reason: string
}

/** What stands in the log about a request for approval from its beginning. */
export interface ApprovalTerms {
  /** The version of this record's shape in the log. */
  readonly schema: 1
  /** Twelve digits of the digest and a number: the same subject asked for twice at once is one request. */
  readonly id: string
  readonly subject: ApprovalSubject
  /** SHA-256 over the canonical JSON of the subject. */
  readonly digest: string
  readonly askedBy: string
  /** Epoch milliseconds, like every `…At` and `…Until`; by the clock of whoever asked. */
  readonly askedAt: number
  readonly reason: string
  readonly ticket?: string
  /** Nothing is approved before, whoever has answered. Equal to `askedAt` where no notice is wanted. */
  readonly noticeUntil: number
  readonly expiresAt: number
  readonly answers: readonly ApprovalAnswer[]
  /** The request whose edit this is. */
  readonly replaces?: string
  /** Approved by the one who asked, in an emergency. */
  readonly emergency?: Emergency
}

/** What an emergency owes. */
export interface Emergency {
  readonly incident: string
  /** When the post-mortem is due. */
  readonly postMortemDueAt: number
  /** The checklist that tracks it. */
  readonly checklist: string
  /** Absent: nobody else has looked at it yet. */
  readonly review?: { readonly by: string; readonly at: number; readonly reason: string }
}

/** Whether the answers suffice, and what became of it. Time alone (notice, expiry) writes nothing. */
export type ApprovalPhase =
  | { readonly phase: 'pending' }
  | { readonly phase: 'approved'; readonly approvedAt: number }
  | {
      readonly phase: 'rejected' | 'withdrawn'
      readonly by: string
      readonly because: string
      readonly at: number
    }
  | {
      readonly phase: 'voided'
      readonly by: string
      readonly because: string
      readonly at: number
      readonly replacedBy: string
    }
  | { readonly phase: 'used'; readonly approvedAt?: number; readonly usedAt: number }

/** A request for approval exactly as it stands in the log, under `approval/<id>`. */
export type Approval = ApprovalTerms & ApprovalPhase

/** Where a request stands in the log. */
export function approvalKey(id: string): string {
  return `approval/${id}`
}

/** Whether it can still be answered, and used. */
export function isLive(
  approval: Approval,
): approval is ApprovalTerms & (ApprovalPhase & { phase: 'pending' | 'approved' }) {
  return approval.phase === 'pending' || approval.phase === 'approved'
}

/** The same request in another phase, and nothing of the phase before. */
export function enterPhase<P extends ApprovalPhase>(
  approval: ApprovalTerms,
  phase: P,
  changed: Partial<Pick<ApprovalTerms, 'answers' | 'emergency'>> = {},
): ApprovalTerms & P {
  const { schema, id, subject, digest, askedBy, askedAt, reason, ticket } = approval
  const { noticeUntil, expiresAt, answers, replaces, emergency } = approval
  return {
    ...{ schema, id, subject, digest, askedBy, askedAt, reason },
    ...(ticket === undefined ? {} : { ticket }),
    ...{ noticeUntil, expiresAt, answers },
    ...(replaces === undefined ? {} : { replaces }),
    ...(emergency === undefined ? {} : { emergency }),
    ...changed,
    ...phase,
  }
}
