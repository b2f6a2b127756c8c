import type { Commit } from '@sluice/stores'
import {
  type DeploymentRecord,
  deploymentOutcome,
  hasDeployed,
  readDeploymentRecord,
} from './deployment-record.ts'
import { type RolloutRecord, readRolloutRecord } from './rollout-record.ts'

/** A change of an environment that has come to its end: a deployment, or a flag's rollout. Times are epoch ms. */
export interface EndedChange {
  readonly kind: 'deployment' | 'rollout'
  readonly id: string
  readonly environment: string
  readonly outcome: 'succeeded' | 'failed' | 'rolled_back'
  readonly type?: string
  readonly startedAt: number
  readonly endedAt: number
  /** When users had it, where it ever came so far: also where it was taken back later. */
  readonly releasedAt?: number
  /** When its code was committed to source control. */
  readonly commitAt?: number
  /** Of a failure or a rollback: when it was noticed. */
  readonly detectedAt?: number
  /** Of a rollback: when it was seen to have gone back; undefined where nobody saw it. */
  readonly recoveredAt?: number
  /** Of a hotfix that says so: when people began to mend what it repairs. */
  readonly fixStartedAt?: number
}

/**
 * Folds a log into the changes that ended in it, by the time of their end. Each is told once, as it stood last: one that
 * was deleted from the log's state still happened.
 *
 * Aborted rollouts and deployments that never reached their environment are left out: they changed nothing that could
 * fail.
 *
 * @param leaveOut Hears the key of each record that cannot be read, or says that it ended and not when.
 */
export async function collectChanges(
  commits: AsyncIterable<Commit> | Iterable<Commit>,
  leaveOut: (key: string) => void = () => {},
): Promise<EndedChange[]> {
  const rollouts = new Map<string, RolloutRecord>()
  const deployments = new Map<string, { record: DeploymentRecord; releasedAt?: number }>()
  for await (const { changes } of commits) {
    for (const { key, value } of changes) {
      if (value === null) continue
      if (key.startsWith('rollout/')) {
        const record = readRolloutRecord(value)
        if (record === undefined || hasLostItsEnd(record)) leaveOut(key)
        else rollouts.set(`${key} ${record.id}`, record)
      } else if (key.startsWith('deployment/')) {
        const record = readDeploymentRecord(value)
        if (record === undefined || hasLostItsTime(record)) {
          leaveOut(key)
          continue
        }
        const id = `${key.slice('deployment/'.length)}#${record.run ?? record.startedAt}`
        const isReleased = deploymentOutcome(record) === 'succeeded'
        const releasedAt =
          deployments.get(id)?.releasedAt ?? (isReleased ? record.endedAt : undefined)
        deployments.set(id, { record, ...(releasedAt === undefined ? {} : { releasedAt }) })
      }
    }
  }
  return [
    ...[...rollouts.values()].flatMap((record) => ofRollout(record) ?? []),
    ...[...deployments].flatMap(
      ([id, each]) => ofDeployment(id, each.record, each.releasedAt) ?? [],
    ),
  ].sort((one, other) => one.endedAt - other.endedAt)
}

function ofRollout(record: RolloutRecord): EndedChange | undefined {
  const { id, environment, startedAt, phase, completedAt, endedAt, rollback, verifiedAt } = record
  const base = { kind: 'rollout' as const, id, environment, startedAt }
  if (phase === 'completed' && completedAt !== undefined) {
    return { ...base, outcome: 'succeeded', endedAt: completedAt, releasedAt: completedAt }
  }
  if (phase !== 'rolled_back' || rollback === undefined || endedAt === undefined) return undefined
  const { detectedAt } = rollback
  return {
    ...{ ...base, outcome: 'rolled_back', endedAt: verifiedAt ?? endedAt, detectedAt },
    ...(verifiedAt === undefined ? {} : { recoveredAt: verifiedAt }),
  }
}

/** Over, by a version of this package that says so elsewhere, or damaged: not to be taken for one under way. */
function hasLostItsEnd({ phase, completedAt, endedAt, rollback }: RolloutRecord): boolean {
  if (phase === 'completed') return completedAt === undefined
  return phase === 'rolled_back' && (rollback === undefined || endedAt === undefined)
}

function hasLostItsTime(record: DeploymentRecord): boolean {
  return deploymentOutcome(record) !== undefined && record.endedAt === undefined
}

function ofDeployment(
  id: string,
  record: DeploymentRecord,
  releasedAt: number | undefined,
): EndedChange | undefined {
  const { environment, startedAt, endedAt, type, commitAt, decision, input } = record
  const fixStartedAt = type === 'hotfix' ? input?.hotfix?.fixStartedAt : undefined
  const outcome = deploymentOutcome(record)
  if (outcome === undefined || endedAt === undefined || !hasDeployed(record)) return undefined
  return {
    ...{ kind: 'deployment', id, environment, outcome, startedAt, endedAt },
    ...(type === undefined ? {} : { type }),
    ...(releasedAt === undefined ? {} : { releasedAt }),
    ...(commitAt === undefined ? {} : { commitAt }),
    ...(outcome === 'succeeded' ? {} : { detectedAt: decision?.detectedAt ?? endedAt }),
    ...(outcome === 'rolled_back' ? { recoveredAt: endedAt } : {}),
    ...(fixStartedAt === undefined ? {} : { fixStartedAt }),
  }
}
