import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'

/** What asks for a deployment. */
export interface TriggerQuestion {
  readonly environment: string
  /** `push`: a machine; `approval`: a person's word after approval; `manual`: somebody pressed a button. */
  readonly event: 'push' | 'approval' | 'manual'
  /** The branch that was pushed to. */
  readonly branch?: string
  /** Default: `defaultPolicy`. */
  readonly policy?: Policy
}

/** Whether it deploys, and why or why not: a line for people. */
export interface TriggerAnswer {
  readonly deploys: boolean
  readonly because: string
}

/**
 * Whether an event starts a deployment to an environment (P30): development and staging by a push to their branch,
 * production by a person only. Pure; an environment that the policy does not name is deployed by nothing.
 *
 * A yes for `manual` opens the way, no more: where approval is required, the deployment waits for it.
 */
export function shouldDeploy(question: TriggerQuestion): TriggerAnswer {
  const { environment, event, branch, policy = defaultPolicy } = question
  const { triggers } = policy.deployment
  const trigger = Object.hasOwn(triggers, environment) ? triggers[environment] : undefined
  if (trigger === undefined) {
    return no(`the policy names no trigger for ${environment}`)
  }
  // What a pipeline says may be anything: what is neither deploys nothing.
  const isPerson = event === 'manual' || event === 'approval'
  if (!isPerson && event !== 'push') return no(`${String(event)} deploys nothing`)
  if (trigger.on === 'approval') {
    if (event === 'push') return no(`${environment} is deployed by a person, not by a push`)
    return yes(`a person asks for it; ${environment} waits for the approval the policy asks for`)
  }
  if (isPerson) return yes(`a person asks for it`)
  if (branch === trigger.branch) return yes(`a push to ${branch} deploys to ${environment}`)
  return no(
    `${environment} is deployed by a push to ${trigger.branch}, not to ${branch ?? 'nothing'}`,
  )
}

/** The environments that a push to a branch deploys to, in the policy's order. */
export function triggersFor({
  branch,
  policy = defaultPolicy,
}: {
  readonly branch: string
  readonly policy?: Policy
}): readonly string[] {
  return policy.environments.order.filter(
    (environment) => shouldDeploy({ environment, event: 'push', branch, policy }).deploys,
  )
}

function yes(because: string): TriggerAnswer {
  return { deploys: true, because }
}

function no(because: string): TriggerAnswer {
  return { deploys: false, because }
}
