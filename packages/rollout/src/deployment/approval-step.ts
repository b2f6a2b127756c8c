import { SluiceError } from '@sluice/core'
import type { ApprovalCheck, ApprovalDesk } from '../approvals/subject.ts'
import { isAmong } from '../environment-name.ts'
import type { Policy } from '../policy/policy.ts'
import { recordWith, type Step, waitFor } from '../procedure/step.ts'
import { type DeploymentTerms, deploymentSubject } from './terms.ts'

/** While it waits, it is asked on every look whether it is ready; this only shows in the log that it still waits. */
const askAgainMs = 3_600_000

/** Waits for the approval that the policy asks for, and uses it up in the commit that ends the step (P10, P12). */
export function approvalStep(
  terms: DeploymentTerms,
  approvals: ApprovalDesk | undefined,
  { approvals: rules }: Policy,
): Step {
  const subject = deploymentSubject(terms)
  const isRequired = isAmong(rules.requiredIn, terms.environment)
  return {
    name: 'approval',
    skipBecause: () => (isRequired ? undefined : `${terms.environment} asks for no approval`),
    async run() {
      // Doubt holds: without a desk nobody can have approved.
      const check = approvals?.check(subject)
      if (check === undefined) throw final('approvals_missing', 'there is nobody to ask')
      if (check.status === 'approved') return recordWith(check.change, { approval: check.id })
      if (isNo(check)) throw final(`approval_${check.status}`, check.because)
      return waitFor(askAgainMs, check.because)
    },
    isReady() {
      const check = approvals?.check(subject)
      return check?.status === 'approved' || (check !== undefined && isNo(check))
    },
  }
}

/** Whoever said no has decided; whatever else is missing can still be asked for. */
function isNo({ status }: ApprovalCheck): boolean {
  return status === 'rejected' || status === 'withdrawn'
}

function final(code: string, message: string): SluiceError {
  return Object.assign(new SluiceError(code, message), { isFinal: true })
}
