import type { Json } from '@sluice/core'
import type { ApprovalCheck } from '../approvals/subject.ts'
import { finalError } from './final-error.ts'
import { recordWith, type Step, waitFor } from './step.ts'

/** What a step asks approval for. */
export interface ApprovalStepOptions {
  /** Why nobody is asked; undefined where somebody is. */
  skipBecause(input: Json): string | undefined
  /** How it stands with the approval of a run; undefined where this process has nobody to ask. */
  check(input: Json): ApprovalCheck | undefined
  /** What becomes of the step then: an error that ends it, or a reason to wait. Doubt holds either way. */
  withoutDesk(): Error | string
}

/** While it waits, it is asked on every look whether it is ready; this only shows in the log that it still waits. */
const askAgainMs = 3_600_000

/** The step `approval`: waits for an approval, and uses it up in the commit that ends the step (P10, P12). */
export function approvalStep({ skipBecause, check, withoutDesk }: ApprovalStepOptions): Step {
  return {
    name: 'approval',
    skipBecause: ({ input }) => skipBecause(input),
    async run({ input }) {
      const found = check(input)
      if (found === undefined) {
        const why = withoutDesk()
        if (why instanceof Error) throw why
        return waitFor(askAgainMs, why)
      }
      if (found.status === 'approved') return recordWith(found.change, { approval: found.id })
      if (isNo(found)) throw finalError(`approval_${found.status}`, found.because)
      return waitFor(askAgainMs, found.because)
    },
    isReady({ input }) {
      const found = check(input)
      return found !== undefined && (found.status === 'approved' || isNo(found))
    },
  }
}

/** Whoever said no has decided; whatever else is missing can still be asked for. */
function isNo({ status }: ApprovalCheck): boolean {
  return status === 'rejected' || status === 'withdrawn'
}
