/**
 * Reads the log for people: the audit, DORA figures, timelines of rollbacks, drills.
 *
 * @module
 */

export { type AuditOutcome, type AuditRow, toAuditRow } from './reports/audit-row.ts'
export { collectChanges, type EndedChange } from './reports/changes.ts'
export {
  type DoraOptions,
  type DoraReport,
  doraReport,
  type Measure,
  measureDora,
  type TargetVerdict,
} from './reports/dora-report.ts'
export { type ExportOptions, exportAudit } from './reports/export-audit.ts'
export type { LeftOut } from './reports/left-out.ts'
export { type AuditQuery, queryAudit } from './reports/query-audit.ts'
export { type CommitSource, type ReadOptions, readCommits } from './reports/read-commits.ts'
export {
  type RecoveryOptions,
  type RecoveryReport,
  recoveryReport,
} from './reports/recovery-report.ts'
export {
  type RollbackOptions,
  type RollbackPart,
  type RollbackReport,
  type RollbackRow,
  rollbackReport,
} from './reports/rollback-report.ts'
