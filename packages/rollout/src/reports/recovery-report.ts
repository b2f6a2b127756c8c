import type { Backup, LogCheck } from '@sluice/stores'
import type { Policy } from '../policy/policy.ts'
import type { Measure } from './dora-report.ts'

/** What is known of a recovery from a backup, or of a drill. Times are epoch milliseconds. */
export interface RecoveryOptions {
  readonly policy: Policy
  /** What `restoreLog` answered. */
  readonly backup: Backup
  /** When that backup was begun: what was written later is not in it. */
  readonly backedUpAt: number
  /** When the store was lost. */
  readonly lostAt: number
  /** When processes worked on the restored log again. */
  readonly servedAt: number
  /** What `verifyLog` found in the restored store, with the backup's head expected. */
  readonly check: LogCheck
  /** The newest head that anybody remembers, such as a process that lived on. */
  readonly lastHead?: { readonly revision: number }
}

/** A recovery beside the policy's objectives (P37). Durations are milliseconds. */
export interface RecoveryReport {
  /** From the loss until it worked again: at most the recovery time objective. */
  readonly recoveryTime: Measure
  /** From the backup until the loss: at most the recovery point objective. */
  readonly recoveryPoint: Measure
  /** The restored log verifies, and ends where the backup did. */
  readonly isIntact: boolean
  /** Why it is not. */
  readonly because?: string
  /** Commits that were lost, where the last head is known. */
  readonly lostCommits?: number
  /** Intact, and both objectives kept. */
  readonly isMet: boolean
}

/** Holds a recovery to the policy. Pure. */
export function recoveryReport(options: RecoveryOptions): RecoveryReport {
  const { policy, backup, backedUpAt, lostAt, servedAt, check, lastHead } = options
  const { objectiveMs, pointMs } = policy.recovery
  const recoveryTime = atMost(servedAt - lostAt, objectiveMs)
  const recoveryPoint = atMost(lostAt - backedUpAt, pointMs)
  const because = findFault(check, backup)
  return {
    ...{ recoveryTime, recoveryPoint, isIntact: because === undefined },
    ...(because === undefined ? {} : { because }),
    ...(lastHead === undefined
      ? {}
      : { lostCommits: Math.max(0, lastHead.revision - backup.head.revision) }),
    isMet:
      because === undefined && recoveryTime.verdict === 'met' && recoveryPoint.verdict === 'met',
  }
}

/** A time that is negative, for a clock that jumped, tells nothing: it is not taken for a fast recovery. */
function atMost(value: number, target: number): Measure {
  if (!(value >= 0)) return { value: undefined, target, verdict: 'no_data' }
  return { value, target, verdict: value <= target ? 'met' : 'missed' }
}

function findFault(check: LogCheck, { head }: Backup): string | undefined {
  if (!check.ok) return `revision ${check.revision}: ${check.because}`
  if (check.head.hash === head.hash) return undefined
  return `it ends at revision ${check.head.revision}, the backup at ${head.revision}`
}
