import { isAmong } from '../environment-name.ts'
import type { Policy } from '../policy/policy.ts'
import type { DeploymentOptions } from './deployment-contract.ts'
import { readRehearsal } from './rehearsal.ts'
import { type DeploymentTerms, refuseTerms } from './terms.ts'

/**
 * Refuses, before anything is written, what the policy does not allow.
 *
 * @throws SluiceError As {@link Deployment.start} says, with pointer, expected and found.
 */
export function checkRequest(
  terms: DeploymentTerms,
  options: Pick<DeploymentOptions, 'hooks' | 'checks' | 'approvals' | 'replica'>,
  policy: Policy,
): void {
  const { environment, type, rollbackPlan } = terms
  const { hooks = {}, approvals } = options
  const isProduction = isAmong(policy.environments.production, environment)

  if (!Object.hasOwn(policy.approvals.types, type)) {
    const expected = Object.keys(policy.approvals.types).join(', ')
    throw refuse('unknown_type', '/type', expected, type)
  }
  if (isProduction && rollbackPlan === undefined) {
    const expected = `a rollback plan that was tested in ${policy.rollback.testedIn}`
    throw refuse('rollback_plan_missing', '/rollbackPlan', expected, 'nothing')
  }
  if (isProduction && !isAmong([policy.rollback.testedIn], rollbackPlan?.testedIn ?? '')) {
    const found = rollbackPlan?.testedIn ?? 'nothing'
    throw refuse(
      'rollback_plan_untested',
      '/rollbackPlan/testedIn',
      policy.rollback.testedIn,
      found,
    )
  }
  const missing = findMissingChecks(terms, options, policy)
  if (missing.length > 0) {
    const expected = 'a function in checks, or an attestation with who, when and a link'
    throw refuse('checks_missing', '/checks', expected, `nothing for ${missing.join(', ')}`)
  }
  const unsmoked = policy.smokeTests.filter((name) => !hooks.smokeTests?.[name])
  if (isProduction && unsmoked.length > 0) {
    const expected = `a smoke test for each of ${policy.smokeTests.join(', ')}`
    throw refuse(
      'smoke_tests_missing',
      '/hooks/smokeTests',
      expected,
      `none for ${unsmoked.join(', ')}`,
    )
  }
  if (isAmong(policy.approvals.requiredIn, environment) && approvals === undefined) {
    const expected = `approvals, which the policy requires in ${environment}`
    throw refuse('approvals_missing', '/approvals', expected, 'nothing')
  }
  checkMigration(terms, hooks, policy)
}

/** The named checks for which there is neither a function, nor a word, nor a proof (P25). */
export function findMissingChecks(
  terms: DeploymentTerms,
  { checks = {}, replica }: Pick<DeploymentOptions, 'checks' | 'replica'>,
  policy: Policy,
): readonly string[] {
  if (!needsChecks(terms.environment, policy)) return []
  return policy.deployment.checks.filter(
    (name) =>
      !Object.hasOwn(checks, name) &&
      !Object.hasOwn(terms.attestations ?? {}, name) &&
      findProof(name, terms, { replica, policy }) === undefined,
  )
}

/** What shows by itself that a named check was made: what is documented, and what the log says of the rehearsal. */
export function findProof(
  name: string,
  terms: DeploymentTerms,
  { replica, policy }: { replica: Pick<DeploymentOptions['replica'], 'get'>; policy: Policy },
): string | undefined {
  const { rollbackPlan, runbook, migration, environment, version } = terms
  switch (name) {
    case 'rollback_plan':
      return rollbackPlan?.url ?? rollbackPlan?.text
    case 'runbook':
      return runbook
    case 'migration_tested': {
      if (migration === undefined) return 'the database does not change'
      const { rehearseMigrationsIn } = policy.deployment
      if (isAmong(rehearseMigrationsIn, environment)) return 'it is rehearsed in this deployment'
      return readRehearsal(replica, version, rehearseMigrationsIn)
    }
    default:
      return undefined
  }
}

/**
 * Whether the checks before a deployment are required: everywhere but in the first environment of the order, which takes what
 * is being worked on. An environment that the policy does not know requires them.
 */
export function needsChecks(environment: string, { environments }: Policy): boolean {
  const [first, second] = environments.order
  return second === undefined || first === undefined || !isAmong([first], environment)
}

function checkMigration(
  { environment, migration }: DeploymentTerms,
  { migration: hook, backup }: NonNullable<DeploymentOptions['hooks']>,
  policy: Policy,
): void {
  if (migration === undefined || hook === undefined) return
  if (isAmong(policy.deployment.backUpIn, environment) && backup === undefined) {
    const expected = `a backup, for the database changes in ${environment}`
    throw refuse('backup_missing', '/hooks/backup', expected, 'nothing')
  }
  if (migration.isReversible && hook.down === undefined) {
    const expected = 'a function, or isReversible: false and a backup that can be restored'
    throw refuse('migration_irreversible', '/hooks/migration/down', expected, 'nothing')
  }
  if (!migration.isReversible && backup?.restore === undefined) {
    const expected = 'a function, for the migration cannot be reversed'
    throw refuse('migration_irreversible', '/hooks/backup/restore', expected, 'nothing')
  }
}

function refuse(code: string, pointer: string, expected: string, found: string) {
  return refuseTerms({ pointer, expected, found }, code)
}
