import { defaultPolicy } from '../policy/default-policy.ts'
import type { Policy } from '../policy/policy.ts'
import type { RolloutState } from '../transition/state.ts'
import type { ChecklistRequest } from './checklist.ts'

/** Where the list of a rollback stands: one for each rollout, whoever opens it. */
export function rollbackChecklistId(rolloutId: string): string {
  return `rollback-${rolloutId}`
}

/** What is to be done after a rollback, in the policy's order (P24). */
export function afterRollback(
  { flag, environment }: Pick<RolloutState, 'flag' | 'environment'>,
  policy: Policy = defaultPolicy,
): ChecklistRequest {
  return {
    title: `After the rollback of ${flag} in ${environment}`,
    environment,
    items: policy.rollback.afterwards.map((name) => ({ name, title: toTitle(name) })),
  }
}

/** The lists before, during and after a deployment (P27). */
export function deploymentChecklists(
  { version, environment }: { readonly version: string; readonly environment: string },
  policy: Policy = defaultPolicy,
): Readonly<Record<'before' | 'during' | 'after', ChecklistRequest>> {
  const { before, during, after } = policy.deployment.checklists
  const what = `the deployment of ${version} to ${environment}`
  const list = (title: string, names: readonly string[]): ChecklistRequest => ({
    title,
    environment,
    items: names.map((name) => ({ name, title: toTitle(name) })),
  })
  return {
    before: list(`Before ${what}`, before),
    during: list(`During ${what}`, during),
    after: list(`After ${what}`, after),
  }
}

/** `test_in_staging` as `Test in staging`. */
function toTitle(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
