import type { Policy } from '../policy/policy.ts'
import { isUnderWay } from '../reports/rollout-record.ts'
import { productionOf } from './base-point.ts'
import type { EnvironmentPoint } from './environment-point.ts'
import type { LifecyclePoint } from './lifecycle.ts'

/** What is due for a flag next. */
export interface NextStep {
  readonly action:
    | 'enable'
    | 'start'
    | 'raise'
    | 'complete'
    | 'approve'
    | 'decide'
    | 'wait'
    | 'remove'
    | 'renew_or_remove'
    | 'clean_up'
  /** For people: "raise to 25 % in production". */
  readonly text: string
  readonly environment?: string
  /** The percentage it leads to, 0–100. */
  readonly percent?: number
  /** When it is due at the earliest, epoch ms; undefined: whenever someone wants it. */
  readonly at?: number
}

/** What the next step depends on. */
export interface NextStepInput {
  readonly point: LifecyclePoint
  /** The environment that the point speaks of. */
  readonly place: EnvironmentPoint | undefined
  /** When the flag is due for removal; undefined: never, or unknown. */
  readonly dueAt: number | undefined
  readonly isLongLived: boolean
  readonly environments: readonly EnvironmentPoint[]
  readonly policy: Policy
}

/** What is due for a flag at a point of its life; nothing where it may stay. Pure. */
export function findNextStep(input: NextStepInput): NextStep | undefined {
  const { point, place, dueAt, isLongLived, environments, policy } = input
  const underWay = environments.findLast(({ rollout }) => isUnderWay(rollout))
  switch (point) {
    case 'archived':
      return { action: 'clean_up', text: 'delete what the log still holds of it' }
    case 'expired':
      return { action: 'renew_or_remove', text: 'remove from code, or give it a later expiresAt' }
    case 'due_for_removal':
      return { action: 'remove', text: 'remove from code', ...at(dueAt) }
    case 'killed':
      return {
        action: 'decide',
        text: `switch on again in ${place?.environment}, or remove`,
        ...(place === undefined ? {} : { environment: place.environment }),
      }
    case 'released':
      if (isLongLived) return undefined
      return { action: 'remove', text: 'remove from code', ...at(dueAt) }
    default:
      if (underWay !== undefined) return nextOfRollout(underWay)
      return nextByHand(input, policy)
  }
}

function nextOfRollout({ environment, rollout }: EnvironmentPoint): NextStep {
  const { phase, stage = 0, enteredAt, plan, because } = rollout ?? {}
  switch (phase) {
    case 'awaiting_approval':
      return { action: 'approve', text: `approve the rollout in ${environment}`, environment }
    case 'paused':
      return {
        action: 'decide',
        text: `resume, or roll back in ${environment}: ${because}`,
        environment,
      }
    case 'rolling_back':
    case 'verifying':
      return { action: 'wait', text: `it goes back in ${environment}`, environment }
    default: {
      const percent = plan?.stages[stage + 1]?.rolloutPercent
      const monitorMs = plan?.stages[stage]?.monitorMs
      const dueAt =
        enteredAt === undefined || monitorMs === undefined ? undefined : enteredAt + monitorMs
      const held = phase === 'holding' ? `, once it no longer holds: ${because}` : ''
      if (percent === undefined) {
        const text = `complete in ${environment}${held}`
        return { action: 'complete', text, environment, ...at(dueAt) }
      }
      const text = `raise to ${percent} % in ${environment}${held}`
      return { action: 'raise', text, environment, percent, ...at(dueAt) }
    }
  }
}

/** Without a rollout under way: the next environment that it is meant for, or the next step of the policy. */
function nextByHand({ point, environments }: NextStepInput, policy: Policy): NextStep | undefined {
  const { order } = policy.environments
  const production = productionOf(policy)
  if (point === 'created') {
    const before = order.filter((name) => !production.includes(name)).at(-1)
    const environment = before ?? order[0]
    if (before !== undefined && environment !== undefined) {
      return { action: 'enable', text: `enable in ${environment}`, environment }
    }
  }
  const lagging = environments.find(
    ({ environment, isMeant, isSettled }) =>
      production.includes(environment) && (point !== 'production' || (isMeant && !isSettled)),
  )
  if (lagging === undefined) {
    const behind = environments.find(({ isMeant, isSettled }) => isMeant && !isSettled)
    if (behind === undefined) return undefined
    const { environment } = behind
    return { action: 'raise', text: `raise to 100 % in ${environment}`, environment, percent: 100 }
  }
  const { environment, percent: reached, since } = lagging
  const percent = policy.canary.percents.find((each) => each > reached)
  if (percent === undefined) {
    const text = `settle on one variant in ${environment}`
    return { action: 'decide', text, environment }
  }
  if (reached === 0) {
    const text = `start in ${environment} at ${percent} %`
    return { action: 'start', text, environment, percent }
  }
  const dueAt = since === undefined ? undefined : since + policy.canary.monitorMs
  const text = `raise to ${percent} % in ${environment}`
  return { action: 'raise', text, environment, percent, ...at(dueAt) }
}

function at(instant: number | undefined): { at?: number } {
  return instant === undefined ? {} : { at: instant }
}
