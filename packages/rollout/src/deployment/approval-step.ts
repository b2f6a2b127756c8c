import type { ApprovalDesk } from '../approvals/subject.ts'
import { isAmong } from '../environment-name.ts'
import type { Policy } from '../policy/policy.ts'
import { approvalStep } from '../procedure/approval-step.ts'
import { finalError } from '../procedure/final-error.ts'
import type { Step } from '../procedure/step.ts'
import { type DeploymentTerms, deploymentSubject } from './terms.ts'

/** Waits for the approval that the policy asks for a deployment. */
export function deploymentApproval(
  terms: DeploymentTerms,
  approvals: ApprovalDesk | undefined,
  { approvals: rules }: Policy,
): Step {
  const { environment } = terms
  const subject = deploymentSubject(terms)
  const isRequired = isAmong(rules.requiredIn, environment)
  return approvalStep({
    skipBecause: () => (isRequired ? undefined : `${environment} asks for no approval`),
    check: () => approvals?.check(subject),
    withoutDesk: () => finalError('approvals_missing', 'there is nobody to ask'),
  })
}
