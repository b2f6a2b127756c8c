import type { Tick } from './counts.ts'
import type { Verdict } from './verdict.ts'

/** One guard at work: its state over one rollout. */
export interface Monitor {
  /** Takes in a tick whose counts have been checked. Allocates nothing. */
  observe(tick: Tick): void
  /** The verdict at this moment. */
  judge(): Verdict
}
