import type { Json } from '@sluice/core'
import type { Clock } from '@sluice/stores'
import { assertDone } from '../finding.ts'
import type { Policy } from '../policy/policy.ts'
import type { ProcedureState } from '../procedure/state.ts'
import type { Step, StepContext, UndoContext } from '../procedure/step.ts'
import { type Announcement, createAnnouncement } from './announcement.ts'
import { deploymentApproval } from './approval-step.ts'
import { findProof, needsChecks } from './check-request.ts'
import type { DeploymentOptions, DeploymentStep, Hook } from './deployment-contract.ts'
import { claimStep } from './environment-claim.ts'
import { makeChecks } from './findings.ts'
import { migrationSteps } from './migration-steps.ts'
import { monitor, monitorTimeoutMs } from './monitor.ts'
import { type Told, tellPeople } from './tell-people.ts'
import type { DeploymentTerms } from './terms.ts'

/** A look every five seconds finds trouble well within the time the policy gives for a decision. */
const defaultMonitorEveryMs = 5_000

/** What the steps are made of. */
export interface StepParts {
  readonly terms: DeploymentTerms
  readonly options: DeploymentOptions
  readonly policy: Policy
  readonly clock: Clock
  readonly readState: () => ProcedureState | undefined
  /** Hears of whom could not be told. */
  readonly onUntold: (told: Told) => void
}

/** The steps of a deployment, the application's own among them, in order. */
export function deploymentSteps(parts: StepParts): readonly Step[] {
  const { terms, options, policy } = parts
  const { before = {}, after = {}, limits = {} } = options
  const hooks = options.hooks ?? {}
  // What goes back may take as long as the policy gives a rollback.
  const undoTimeoutMs = policy.rollback.executionMs
  const own: readonly Step[] = [
    preChecks(parts),
    deploymentApproval(terms, options.approvals, policy),
    // Behind the approval: what waits for people must not keep a hotfix out.
    claimStep(terms, options.replica),
    announceStart(parts),
    rollbackPlan(parts),
    ...migrationSteps(terms, hooks, policy),
    hookStep('deploy', hooks.deploy),
    smokeTest(parts),
    hookStep('switch', hooks.switch),
    monitorStep(parts),
    {
      name: 'announce',
      run: () => announce(parts, 'healthy', undefined, 'announce'),
    },
  ]
  return own.flatMap((step) => {
    const name = step.name as DeploymentStep
    return [
      ...(before[name] ?? []),
      { undoTimeoutMs, ...step, ...limits[name] },
      ...(after[name] ?? []),
    ]
  })
}

/** Each named check, run, attested or shown by itself (P25). */
function preChecks({ terms, options, policy }: StepParts): Step {
  const { checks = {}, replica } = options
  return {
    name: 'pre_checks',
    async run(context) {
      const made = await makeChecks(checks, context, 'checks_failed')
      const known = needsChecks(terms.environment, policy) ? policy.deployment.checks : []
      const named = new Set([...known, ...made, ...Object.keys(terms.attestations ?? {})])
      const results = [...named].map((name): Json => {
        if (made.includes(name)) return { name, how: 'run' }
        const attested = terms.attestations?.[name]
        if (attested !== undefined) return { name, how: 'attested', ...attested }
        const proof = findProof(name, terms, { replica, policy })
        return proof === undefined ? { name, how: 'missing' } : { name, how: 'shown', proof }
      })
      return { checks: results }
    },
  }
}

/** Whoever was told of the start is told when it goes back. */
function announceStart(parts: StepParts): Step {
  return {
    name: 'announce_start',
    run: () => announce(parts, 'started', undefined, 'announce_start'),
    async undo({ because }) {
      await announce(parts, 'rolled_back', because, 'announce_rollback')
    },
  }
}

/** Writes down how it goes back; its own way back, the last one before the news, is to look whether all is well (P22, P23). */
function rollbackPlan({ terms, options, policy }: StepParts): Step {
  const look = options.hooks?.verifyRollback
  return {
    name: 'rollback_plan',
    async run() {
      return { ...(terms.rollbackPlan ?? { text: 'none is documented' }) }
    },
    ...(look && {
      undoTimeoutMs: policy.rollback.verificationMs,
      async undo(context: UndoContext) {
        await makeChecks({ rollback: look }, context, 'rollback_unverified')
      },
    }),
  }
}

function hookStep(name: 'deploy' | 'switch', hook: Hook | undefined): Step {
  if (hook === undefined) {
    return { name, run: async () => undefined, skipBecause: () => noHook(name) }
  }
  return {
    name,
    async run(context) {
      const answer = await hook.run(context)
      await assertDone(name, answer)
      return answer
    },
    ...(hook.undo && {
      undo: async (context: UndoContext) => assertDone(`${name}.undo`, hook.undo?.(context)),
    }),
    ...(hook.isDone && {
      isDone: async (context: StepContext) => (await hook.isDone?.(context)) === true,
    }),
  }
}

/** Every smoke test (P21). */
function smokeTest({ options }: StepParts): Step {
  const tests = options.hooks?.smokeTests
  return {
    name: 'smoke_test',
    skipBecause: () => (tests === undefined ? noHook('smokeTests') : undefined),
    async run(context) {
      return { passed: await makeChecks(tests ?? {}, context, 'smoke_test_failed') }
    },
  }
}

function monitorStep({ options, policy, clock }: StepParts): Step {
  const look = options.hooks?.monitor
  const everyMs = options.monitorEveryMs ?? defaultMonitorEveryMs
  const { monitorMs } = policy.blueGreen
  return {
    name: 'monitor',
    skipBecause: () => (look === undefined ? noHook('monitor') : undefined),
    run: async (context) => look && monitor(look, context, { monitorMs, everyMs, clock }),
    timeoutMs: monitorTimeoutMs(everyMs),
  }
}

async function announce(
  { terms, options, clock, readState, onUntold }: StepParts,
  status: Announcement['status'],
  because: string | undefined,
  what: string,
): Promise<Json> {
  const state = readState()
  if (state === undefined) return { told: [] }
  const announcement = createAnnouncement(terms, state, status, because)
  const idempotencyKey = `${state.id}/${what}`
  const told = await tellPeople(options.announcers ?? [], announcement, { clock, idempotencyKey })
  if (told.failed.length > 0) onUntold(told)
  return { told: told.told, failed: told.failed.map(({ name, because: why }) => `${name}: ${why}`) }
}

function noHook(name: string): string {
  return `no ${name} hook was given`
}
