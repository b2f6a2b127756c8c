import { type Json, SluiceError } from '@sluice/core'
import type { Guard } from '@sluice/guards'
import { withoutFunctions } from '@sluice/guards'
import { type Change, hashCanonical } from '@sluice/stores'
import { z } from 'zod'
import { describeIssue, type Fault } from '../issue.ts'
import type { Plan } from '../plan/plan.ts'

/** What an approval is about: all of it is bound, and any edit makes it another subject. */
export interface ApprovalSubject {
  readonly kind: 'rollout' | 'deployment'
  readonly environment: string
  /** The flag, or the version. */
  readonly target: string
  /** A key of `policy.approvals.types`. */
  readonly type: string
  /** Exactly what was asked, as plain data. */
  readonly asked: Json
}

/** What an approval says about a subject at one revision of the log and one instant. */
export type ApprovalCheck =
  | {
      readonly status: 'approved'
      readonly id: string
      /** Marks the approval used. It belongs into the commit that does what was approved, based on the same revision. */
      readonly change: ApprovalUse
    }
  | {
      readonly status:
        | 'missing'
        | 'pending'
        | 'rejected'
        | 'withdrawn'
        | 'expired'
        | 'voided'
        | 'used'
      /** Missing where nobody asked. */
      readonly id?: string
      readonly because: string
      /** The roles, or the people, whose approval is wanted still. */
      readonly wants?: readonly string[]
      /** When the notice is over, in epoch milliseconds, where that is what it waits for. */
      readonly readyAt?: number
    }

/** The part of a commit that uses an approval up, so that it cannot be used twice. */
export interface ApprovalUse {
  readonly changes: readonly Change[]
  readonly dependsOn: readonly string[]
  /**
   * The revision at which it was looked up. Of use to whoever commits over another replica, which may have heard more:
   * none of `dependsOn` may have been written since.
   */
  readonly basedOn?: number
}

/** Whoever can say whether a subject is approved. Synchronous, and nothing is written by it. */
export interface ApprovalDesk {
  /** @throws SluiceError `invalid_subject`. */
  check(subject: ApprovalSubject): ApprovalCheck
}

/** What a rollout asks approval for: an edit of any of it is another subject. */
export interface RolloutProposal {
  readonly flag: string
  readonly environment: string
  readonly plan: Plan
  readonly guards: readonly Guard[]
  readonly alpha: number
}

/**
 * The subject of a rollout, always formed the same way, so that the one who asks and the one who starts mean the same.
 *
 * @param type A key of `policy.approvals.types`.
 */
export function rolloutSubject(proposal: RolloutProposal, type: string): ApprovalSubject {
  const { flag, environment, plan, guards, alpha } = proposal
  const asked = { flag, environment, plan, guards: guards.map(withoutFunctions), alpha }
  return { kind: 'rollout', environment, target: flag, type, asked: asPlain(asked) }
}

/**
 * SHA-256 over the canonical JSON of the whole subject, lower-case hex: what an approver quotes.
 *
 * @throws SluiceError `invalid_subject`.
 */
export function digestOf(subject: ApprovalSubject): string {
  return hashCanonical(parseSubject(subject))
}

const text = z.string().regex(/\S/, 'text that is not empty')

/** The shape of a subject. */
export const subjectSchema = z.strictObject({
  kind: z.enum(['rollout', 'deployment']),
  environment: text,
  target: text,
  type: text,
  asked: z.json(),
})

/**
 * Reads a subject from anywhere. Properties that are undefined are left out, as JSON does.
 *
 * @throws SluiceError `invalid_subject`, with pointer, expected and found.
 */
export function parseSubject(input: unknown): ApprovalSubject {
  const parsed = subjectSchema.safeParse(asPlain(input))
  if (parsed.success) return parsed.data
  throw refuse(describeIssue(parsed.error, input))
}

function refuse(fault: Fault): SluiceError {
  return new SluiceError(
    'invalid_subject',
    `What approval is asked for is refused at ${fault.pointer || 'its root'}: expected ${fault.expected}, found ${fault.found}.`,
    fault,
  )
}

/** The log takes 64 levels; the record of a request has some of its own around it. */
const maxDepth = 60

/** Without what JSON leaves out. Anything else that is no JSON stays, to be refused. */
function asPlain(value: unknown, pointer = '', depth = 0): Json {
  if (typeof value !== 'object' || value === null) return value as Json
  if (depth > maxDepth) {
    throw refuse({ pointer, expected: `at most ${maxDepth} levels`, found: 'deeper nesting' })
  }
  if (Array.isArray(value)) {
    return value.map((inner, index) => asPlain(inner, `${pointer}/${index}`, depth + 1))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value as Json
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return Object.fromEntries(
    kept.map(([key, inner]) => {
      const place = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
      // Readers drop it in silence, and what is dropped is bound by no digest.
      if (key === '__proto__') throw refuse({ pointer: place, expected: 'another key', found: key })
      return [key, asPlain(inner, place, depth + 1)]
    }),
  )
}
