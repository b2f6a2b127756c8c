import { isSluiceError } from '@sluice/core'
import type { ChecklistRequest } from '../checklist/checklist.ts'
import { deploymentChecklists } from '../checklist/policy-checklists.ts'
import type { Policy } from '../policy/policy.ts'
import { type ProcedureState, resultsOf, type StepState } from '../procedure/state.ts'
import type { DeploymentOptions } from './deployment-contract.ts'
import type { DeploymentTerms } from './terms.ts'

/** What a step shows to be done, or not to be needed (P27). */
export interface Proof {
  readonly list: 'before' | 'during' | 'after'
  readonly item: string
  readonly step: string
  /** Absent: done. */
  readonly skippedBecause?: string
}

const proofs: readonly Pick<Proof, 'list' | 'item' | 'step'>[] = [
  { list: 'before', item: 'checks_passed', step: 'pre_checks' },
  { list: 'before', item: 'approvals_obtained', step: 'approval' },
  { list: 'before', item: 'team_notified', step: 'announce_start' },
  { list: 'during', item: 'database_backup', step: 'backup' },
  { list: 'during', item: 'migration', step: 'migrate' },
  { list: 'during', item: 'application_deployed', step: 'deploy' },
  { list: 'during', item: 'smoke_tests', step: 'smoke_test' },
  { list: 'after', item: 'announced', step: 'announce' },
  { list: 'after', item: 'monitored', step: 'monitor' },
]

/** Smoke tests that show an item of a list of their own. */
const testProofs: Readonly<Record<string, string>> = {
  health_endpoint: 'health_checks',
  no_error_spike: 'no_error_spikes',
}

/** What a deployment's steps have shown so far: pure. */
export function provenBy(state: ProcedureState, terms: DeploymentTerms): readonly Proof[] {
  const steps = new Map(state.steps.map((step) => [step.name, step]))
  const results = resultsOf(state)
  const found = proofs.flatMap(({ list, item, step }): Proof[] => {
    const known = steps.get(step)
    if (known?.phase === 'skipped') {
      // A hook that is missing proves nothing; that nothing was to be done does.
      const isNeedless = !known.because.startsWith('no ')
      return isNeedless ? [{ list, item, step, skippedBecause: known.because }] : []
    }
    if (!isDone(known)) return []
    const told = (results[step] as { told?: unknown } | undefined)?.told
    const isSilent = Array.isArray(told) && told.length === 0
    return isSilent ? [] : [{ list, item, step }]
  })
  if (isDone(steps.get('rollback_plan'))) {
    const step = 'rollback_plan'
    if (terms.rollbackPlan !== undefined) found.push({ list: 'before', item: step, step })
    if (terms.runbook !== undefined) found.push({ list: 'before', item: 'runbook', step })
  }
  const passed = (results.smoke_test as { passed?: readonly string[] } | undefined)?.passed ?? []
  for (const [test, item] of Object.entries(testProofs)) {
    if (passed.includes(test)) found.push({ list: 'during', item, step: 'smoke_test' })
  }
  return found
}

/** Where the lists of a deployment stand. */
export function checklistId(state: ProcedureState, list: Proof['list']): string {
  return `${state.id}/${list}`
}

/**
 * Opens the lists of a deployment and ticks what its steps have shown; what somebody has answered stays.
 *
 * @param actor Named in the log for the ticks.
 */
export async function tickProven(
  state: ProcedureState,
  terms: DeploymentTerms,
  options: {
    readonly checklists: NonNullable<DeploymentOptions['checklists']>
    readonly policy: Policy
    readonly actor: string
  },
): Promise<void> {
  const { checklists, policy, actor } = options
  const { environment, ticket } = terms
  const order = { actor, ticket, reason: `deployment ${state.id}` }
  const requests: Readonly<Record<Proof['list'], ChecklistRequest>> = deploymentChecklists(
    terms,
    policy,
  )
  for (const list of ['before', 'during', 'after'] as const) {
    if (requests[list].items.length === 0) continue
    const id = checklistId(state, list)
    const { checklist } = await checklists.openOnce(id, { ...requests[list], environment }, order)
    const open = new Set(
      checklist.items.filter(({ phase }) => phase === 'open').map(({ name }) => name),
    )
    for (const { item, step, skippedBecause } of provenBy(state, terms)) {
      if (!open.has(item)) continue
      await unlessAnswered(
        skippedBecause === undefined
          ? checklists.tick(id, item, { ...order, evidence: `${state.id}/${step}` })
          : checklists.skip(id, item, { ...order, reason: skippedBecause }),
      )
    }
  }
}

/** Somebody, or another process, may have been faster: the others are to be ticked all the same. */
async function unlessAnswered(answer: Promise<unknown>): Promise<void> {
  try {
    await answer
  } catch (error) {
    if (isSluiceError(error) && ['already_ticked', 'already_skipped'].includes(error.code)) return
    throw error
  }
}

function isDone(step: StepState | undefined): boolean {
  return step?.phase === 'done'
}
