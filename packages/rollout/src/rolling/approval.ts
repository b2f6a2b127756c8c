import { type Json, SluiceError } from '@sluice/core'
import type { ApprovalCheck, ApprovalDesk, ApprovalSubject } from '../approvals/subject.ts'
import { recordWith, type Step, waitFor } from '../procedure/step.ts'
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

/** While it waits, it is asked on every look whether it is ready; this only shows in the log that it still waits. */
const askAgainMs = 3_600_000

/**
 * Waits for the approval that the update was started to wait for, and uses it up in the commit that lets the first batch
 * begin (P10, P12). It is left out where the update was started without.
 */
export function approvalStep(
  { environment, service }: Pick<RollingProposal, 'environment' | 'service'>,
  approvals: ApprovalDesk | undefined,
): Step {
  /** From the log alone: every process asks for the same, whatever it was configured with meanwhile. */
  function check(input: Json): ApprovalCheck | undefined {
    const { version, batches, plan, type } = readRollingInput(input)
    if (type === undefined || approvals === undefined) return undefined
    const instances = batches.flat()
    return approvals.check(rollingSubject({ environment, service, version, plan, instances }, type))
  }

  return {
    name: 'approval',
    skipBecause({ input }) {
      const isAsked = readRollingInput(input).type !== undefined
      return isAsked ? undefined : 'it was started without asking for one'
    },
    async run({ input }) {
      const found = check(input)
      if (found === undefined) {
        return waitFor(askAgainMs, `${service} waits for a process that has its approvals`)
      }
      if (found.status === 'approved') return recordWith(found.change, { approval: found.id })
      if (isNo(found)) throw final(`approval_${found.status}`, found.because)
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

function final(code: string, message: string): SluiceError {
  return Object.assign(new SluiceError(code, message), { isFinal: true })
}
