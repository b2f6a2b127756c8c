import { createDeployment, textAnnouncer } from '@sluice/rollout/deployment'
import { createApprovals, type createReplica, defaultPolicy, digestOf } from '@sluice/sdk'
import type { Database } from './database.ts'

/** What a release brings. */
export interface Release {
  readonly version: string
  readonly changes: readonly string[]
  readonly migration: { readonly file: string; readonly isReversible: boolean }
  /** What the new version asks the database at every request. */
  readonly criticalQuery: string
}

type Replica = ReturnType<typeof createReplica>

/** Deploys a release to production, with everything the policy asks for, and resolves with how it ended. */
export async function deployRelease(
  { version, changes, migration, criticalQuery }: Release,
  { replica, database, say }: { replica: Replica; database: Database; say: (line: string) => void },
): Promise<string> {
  const approvals = createApprovals({ replica, directory: { 'olga@example.com': ['on_call'] } })
  const done = { by: 'ci', at: Date.now(), link: 'https://ci.example.com/runs/7' }
  const attested = ['tests', 'code_review', 'security_scan', 'benchmarks', 'migration_tested']

  const deployment = createDeployment({
    ...{ replica, version, changes, approvals },
    environment: 'production',
    type: 'hotfix',
    ticket: 'SHOP-12',
    rollbackPlan: {
      text: 'Previous version, then migrate down or restore the backup',
      ...{ testedIn: 'staging', testedAt: Date.now(), testedBy: 'ben@example.com' },
    },
    runbook: 'https://wiki.example.com/runbook',
    attestations: Object.fromEntries(attested.map((name) => [name, done])),
    hooks: {
      migration: database.migration(migration.file, migration.isReversible),
      backup: database.backup,
      deploy: {
        run: async () => say(`  version ${version} is there`),
        undo: async () => say(`  the version before is there again`),
      },
      smokeTests: {
        ...Object.fromEntries(defaultPolicy.smokeTests.map((name) => [name, () => true])),
        async database() {
          await database.query('SELECT 1')
        },
        async critical_flows() {
          await database.query(criticalQuery)
        },
      },
    },
    announcers: [textAnnouncer((text) => say(`  ${text.split('\n').at(-1)}`))],
  })
  deployment.on('event', ({ name, step, message }) => {
    const isShown = ['step_done', 'step_undone', 'step_failed'].includes(name)
    if (isShown && step !== 'approval') say(`  ${message}`)
  })

  const asked = await approvals.request(deployment.subject, {
    ...{ actor: 'ann@example.com', reason: `release ${version}` },
  })
  await approvals.approve(asked.id, {
    ...{ actor: 'olga@example.com', reason: 'looks right', digest: digestOf(deployment.subject) },
  })
  await deployment.start({ actor: 'ann@example.com', reason: `release ${version}` })
  const { phase } = await deployment.resume()
  await deployment.stop()
  await approvals.close()
  return phase
}
