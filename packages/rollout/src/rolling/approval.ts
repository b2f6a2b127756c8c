import type { ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import { approvalStep } from '../procedure/approval-step.ts'
import type { Step } from '../procedure/step.ts'
import type { RollingPlan } from './plan.ts'
import { readRollingInput } from './rolling-steps.ts'

/** What a rolling update asks approval for: an edit of any of it is another subject. */
export interface RollingProposal {
  readonly environment: string
  readonly service: string
  readonly version: string
  readonly plan: RollingPlan
  /** In any order: those that are out come first, whatever was asked. */
  readonly instances: readonly string[]
}

/**
 * The subject of a rolling update, always formed the same way.
 *
 * @param type A key of `policy.approvals.types`.
 */
export function rollingSubject(proposal: RollingProposal, type: string): ApprovalSubject {
  const { environment, service, version, plan, instances } = proposal
  const asked = {
    service,
    environment,
    version,
    plan: { ...plan },
    instances: instances.toSorted(),
  }
  return { kind: 'rollout', environment, target: service, type, asked }
}

/**
 * Waits for the approval that the update was started to wait for, before the first batch. It is left out where the update
 * was started without.
 */
export function rollingApproval(
  { environment, service }: Pick<RollingProposal, 'environment' | 'service'>,
  approvals: ApprovalDesk | undefined,
): Step {
  return approvalStep({
    skipBecause(input) {
      const isAsked = readRollingInput(input).type !== undefined
      return isAsked ? undefined : 'it was started without asking for one'
    },
    // From the log alone: every process asks for the same, whatever it was configured with meanwhile.
    check(input) {
      const { version, batches, plan, type } = readRollingInput(input)
      if (type === undefined || approvals === undefined) return undefined
      const instances = batches.flat()
      const proposal = { environment, service, version, plan, instances }
      return approvals.check(rollingSubject(proposal, type))
    },
    withoutDesk: () => `${service} waits for a process that has its approvals`,
  })
}
