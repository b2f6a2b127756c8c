import { SluiceError } from '@sluice/core'
import { isAmong } from '../environment-name.ts'
import { assertDone } from '../finding.ts'
import type { Policy } from '../policy/policy.ts'
import type { Step, StepContext, UndoContext } from '../procedure/step.ts'
import type { DeploymentHooks, MigrationHooks } from './deployment-contract.ts'
import type { DeploymentTerms } from './terms.ts'

/** The steps that concern the database: rehearsal, backup, migration (P26). */
export function migrationSteps(
  terms: DeploymentTerms,
  { migration, backup }: DeploymentHooks,
  { deployment }: Policy,
): Step[] {
  const { environment } = terms
  const isReversible = migration?.isReversible !== false
  const isBackedUp = isAmong(deployment.backUpIn, environment) || !isReversible

  function skipRehearsal(): string | undefined {
    if (migration === undefined) return noMigration
    if (!isAmong(deployment.rehearseMigrationsIn, environment)) {
      return `migrations are rehearsed in ${deployment.rehearseMigrationsIn.join(', ') || 'no environment'}`
    }
    return isReversible ? undefined : 'the migration cannot be reversed'
  }

  return [
    {
      name: 'rehearse_up',
      skipBecause: skipRehearsal,
      run: (context) => goUp(migration, context),
      async undo(context) {
        // What went down again in the rehearsal must not go down twice: that would take the migration before it.
        if (context.results.rehearse_down === undefined) await goDown(migration, context)
      },
    },
    {
      name: 'rehearse_down',
      skipBecause: skipRehearsal,
      async run(context) {
        await goDown(migration, context)
        return 'down'
      },
    },
    {
      name: 'backup',
      skipBecause() {
        if (migration === undefined) return noMigration
        if (!isBackedUp)
          return `backups are made in ${deployment.backUpIn.join(', ') || 'no environment'}`
        return undefined
      },
      async run(context) {
        if (backup === undefined) throw new SluiceError('backup_missing', 'there is no backup hook')
        const made = await backup.create(context)
        await assertDone('backup.create', made)
        return { backup: made }
      },
    },
    {
      name: 'migrate',
      skipBecause: () => (migration === undefined ? noMigration : undefined),
      run: (context) => goUp(migration, context),
      undo: (context) => (isReversible ? goDown(migration, context) : restore(context)),
    },
  ]

  async function restore(context: UndoContext): Promise<void> {
    const made = context.results.backup
    if (backup?.restore === undefined || typeof made !== 'object' || made === null) {
      throw new SluiceError('backup_missing', 'there is no backup that could be restored')
    }
    const saved = (made as { backup?: never }).backup ?? null
    await assertDone('backup.restore', backup.restore({ ...context, backup: saved }))
  }
}

const noMigration = 'the database does not change'

async function goUp(migration: MigrationHooks | undefined, context: StepContext): Promise<void> {
  if ((await migration?.isApplied?.(context)) === true) return
  await assertDone('migration.up', migration?.up(context))
}

async function goDown(migration: MigrationHooks | undefined, context: StepContext): Promise<void> {
  if ((await migration?.isApplied?.(context)) === false) return
  if (migration?.down === undefined) {
    throw new SluiceError('migration_irreversible', 'there is no way down')
  }
  await assertDone('migration.down', migration.down(context))
}
