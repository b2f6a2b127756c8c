import { isProcedureOver, type ProcedureState } from '../procedure/state.ts'
import type { DeploymentTerms } from './terms.ts'

/** A deployment that is over, with exactly the fields of the policy (P32). */
export interface DeploymentEvent {
  readonly event: 'deployment'
  readonly version: string
  readonly environment: string
  readonly deployed_by: string
  /** UTC, to the second: when it started. */
  readonly deployed_at: string
  readonly status: 'success' | 'failure' | 'rollback'
  readonly duration_seconds: number
  /** Whether it went back. */
  readonly rollback: boolean
}

/** The event of a deployment; undefined while it is under way. */
export function deploymentEvent(
  { version, environment }: DeploymentTerms,
  state: ProcedureState,
): DeploymentEvent | undefined {
  if (!isProcedureOver(state) || !('endedAt' in state)) return undefined
  const { startedBy, startedAt, endedAt, phase } = state
  return {
    event: 'deployment',
    version,
    environment,
    deployed_by: startedBy,
    deployed_at: toSecond(startedAt),
    status: phase === 'succeeded' ? 'success' : phase === 'undone' ? 'rollback' : 'failure',
    duration_seconds: Math.round(Math.max(0, endedAt - startedAt) / 1_000),
    rollback: phase === 'undone',
  }
}

/** `2025-11-07T14:30:00Z`. */
function toSecond(instant: number): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return 'unknown'
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}

const statuses = {
  running: 'running',
  waiting: 'waiting',
  undoing: 'rolling_back',
  succeeded: 'succeeded',
  undone: 'rolled_back',
  failed: 'failed',
} as const

/** What stands beside the state in the log, for whoever reports on it. */
export function describeDeployment({ version, type, changes, commitAt }: DeploymentTerms) {
  return (state: ProcedureState) => ({
    version,
    type,
    by: state.startedBy,
    changes,
    status: statuses[state.phase],
    ...(commitAt === undefined ? {} : { commitAt }),
  })
}
