import type { Verdict } from '@sluice/guards'
import type { Withdrawal } from './withdraw.ts'

/** A decision to go back that is not in the log yet. */
export interface Pending {
  readonly id: string
  readonly verdicts: readonly Verdict[]
  readonly detectedAt: number
  /** Where a person decided, and no guard. */
  readonly command?: Withdrawal
}
