import { type ArchivedCommit, type Commit, isExpired } from '@sluice/stores'
import { deploymentOutcome, readDeploymentRecord } from './deployment-record.ts'

/**
 * What came of what a commit did, as far as the commit itself says.
 *
 * `done`: it took effect at once, as a percentage that was set. `in_progress`: a step of something that goes on.
 * `expired`: its time of retention is over, and only its hashes are left.
 */
export type AuditOutcome =
  | 'success'
  | 'failure'
  | 'rollback'
  | 'aborted'
  | 'refused'
  | 'in_progress'
  | 'done'
  | 'expired'

/** One commit, in the words of an auditor (P34). */
export interface AuditRow {
  readonly revision: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly who: string
  /** What was done, lower snake case. */
  readonly what: string
  /** Of a deployment. */
  readonly version?: string
  readonly changes: Commit['changes']
  /** The environment. */
  readonly where?: string
  readonly why: string
  readonly ticket?: string
  readonly outcome: AuditOutcome
  readonly hash: string
}

/** Reads a commit as a row of the audit. Pure. */
export function toAuditRow(line: ArchivedCommit): AuditRow {
  const { revision, at, hash } = line
  if (isExpired(line)) {
    const why = `kept as long as ${line.expired} asks`
    return { revision, at, who: '', what: '', changes: [], why, outcome: 'expired', hash }
  }
  const { actor: who, action: what, reason: why, ticket, changes } = line
  const where = line.environment ?? environmentOf(line)
  const version = versionOf(line)
  return {
    ...{ revision, at, who, what, changes, why, outcome: outcomeOf(line), hash },
    ...(version === undefined ? {} : { version }),
    ...(where === undefined ? {} : { where }),
    ...(ticket === undefined ? {} : { ticket }),
  }
}

/** Those keys name their environment; of others the value may. */
const placedKey = /^(?:exposure|rollout|evidence|traffic|asked)\/([^/]+)/

function environmentOf({ changes }: Commit): string | undefined {
  for (const { key, value } of changes) {
    const named = placedKey.exec(key)?.[1] ?? textIn(value, 'environment')
    if (named !== undefined) return named
  }
  return undefined
}

function versionOf({ changes }: Commit): string | undefined {
  const deployment = changes.find(({ key }) => key.startsWith('deployment/'))
  return deployment && textIn(deployment.value, 'version')
}

/** The gravest of what its changes say: a rollback is not hidden by the approval it used up. */
const byGravity: readonly AuditOutcome[] = [
  'failure',
  'rollback',
  'aborted',
  'refused',
  'success',
  'in_progress',
]

function outcomeOf({ changes }: Commit): AuditOutcome {
  const found = new Set(changes.map(({ key, value }) => outcomeOfChange(key, value)))
  return byGravity.find((each) => found.has(each)) ?? 'done'
}

function outcomeOfChange(key: string, value: unknown): AuditOutcome | undefined {
  const kind = key.slice(0, key.indexOf('/'))
  const phase = textIn(value, 'phase')
  if (kind === 'rollout') return rolloutOutcomes[phase ?? ''] ?? 'in_progress'
  if (kind === 'approval') return approvalOutcomes[phase ?? '']
  if (kind !== 'deployment' && kind !== 'procedure') return undefined
  const record = readDeploymentRecord(value)
  if (record === undefined) return undefined
  const outcome = deploymentOutcome(record)
  if (outcome === undefined) return phase === 'undoing' ? 'rollback' : 'in_progress'
  return outcome === 'rolled_back' ? 'rollback' : outcome === 'failed' ? 'failure' : 'success'
}

const rolloutOutcomes: Readonly<Record<string, AuditOutcome>> = {
  rolling_back: 'rollback',
  verifying: 'rollback',
  rolled_back: 'rollback',
  completed: 'success',
  aborted: 'aborted',
}

const approvalOutcomes: Readonly<Record<string, AuditOutcome>> = {
  pending: 'in_progress',
  approved: 'success',
  rejected: 'refused',
  withdrawn: 'aborted',
  voided: 'aborted',
}

function textIn(value: unknown, name: string): string | undefined {
  const found: unknown = (Object(value) as Record<string, unknown>)[name]
  return typeof found === 'string' ? found : undefined
}
