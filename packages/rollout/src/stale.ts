/**
 * Finds the flags that should be gone, in the log and in source code.
 *
 * @module
 */

export {
  type AskedFlag,
  type AskedFlags,
  type AskedRecord,
  askedKey,
  longestGapMs,
  readAsked,
  readAskedFlag,
  readAskedSpan,
} from './stale/asked-flags.ts'
export { findStale, type StaleOptions } from './stale/find-stale.ts'
export {
  type DebtItem,
  type DebtOptions,
  type DebtReason,
  type FlagDebt,
  flagDebt,
} from './stale/flag-debt.ts'
export type {
  DynamicUse,
  Place,
  StaleReport,
  UnknownKey,
  UnreadFile,
} from './stale/stale-report.ts'
