import { SluiceError } from '@sluice/core'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import type { Approval } from './approval.ts'
import { digestOf, subjectSchema } from './subject.ts'

const text = z.string()
const instant = z.number()

const terms = {
  schema: z.literal(1),
  id: text.min(1),
  subject: subjectSchema,
  digest: text,
  askedBy: text,
  askedAt: instant,
  reason: text,
  ticket: text.exactOptional(),
  noticeUntil: instant,
  expiresAt: instant,
  answers: z.array(
    z.strictObject({
      by: text,
      answer: z.enum(['approve', 'reject']),
      roles: z.array(text),
      at: instant,
      reason: text,
    }),
  ),
  replaces: text.exactOptional(),
  emergency: z
    .strictObject({
      incident: text,
      postMortemDueAt: instant,
      checklist: text,
      review: z.strictObject({ by: text, at: instant, reason: text }).exactOptional(),
    })
    .exactOptional(),
}

const ended = { by: text, because: text, at: instant }

const approvalSchema: z.ZodType<Approval> = z.discriminatedUnion('phase', [
  z.strictObject({ ...terms, phase: z.literal('pending') }),
  z.strictObject({ ...terms, phase: z.literal('approved'), approvedAt: instant }),
  z.strictObject({ ...terms, ...ended, phase: z.enum(['rejected', 'withdrawn']) }),
  z.strictObject({ ...terms, ...ended, phase: z.literal('voided'), replacedBy: text }),
  z.strictObject({
    ...terms,
    phase: z.literal('used'),
    approvedAt: instant.exactOptional(),
    usedAt: instant,
  }),
])

/**
 * Reads a request for approval as it stands in the log.
 *
 * @param id Under which it stands there.
 * @throws SluiceError `invalid_approval`, with pointer, expected and found; also where the digest is not that of the
 * subject, and for a record of a newer version.
 */
export function parseApproval(value: unknown, id: string): Approval {
  const parsed = approvalSchema.safeParse(value)
  if (!parsed.success) throw refuse(id, describeIssue(parsed.error, value))
  const approval = parsed.data
  if (approval.id !== id) throw refuse(id, { pointer: '/id', expected: id, found: approval.id })
  const digest = digestOf(approval.subject)
  if (approval.digest !== digest) {
    throw refuse(id, { pointer: '/digest', expected: digest, found: approval.digest })
  }
  return approval
}

function refuse(id: string, fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_approval',
    `The approval ${id} in the log cannot be read at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}. It approves nothing; ask anew, or update this process if a newer version wrote it.`,
    fault,
  )
}
