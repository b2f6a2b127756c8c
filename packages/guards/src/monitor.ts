import type { Tick } from './counts.ts'
import type { Consequence } from './guard.ts'
import type { TickViews } from './histogram-view.ts'
import type { Verdict } from './verdict.ts'

/** What a monitor knows, as plain JSON. */
export type SavedMonitor = Readonly<Record<string, unknown>>

/** One guard at work: its state over one rollout. */
export interface Monitor {
  /**
   * Takes in a tick whose counts have been checked. Allocates nothing.
   *
   * @param views Of the tick's latencies; read only where a guard of the set looks at latencies.
   */
  observe(tick: Tick, views: TickViews): void
  /** The verdict at this moment. */
  judge(): Verdict
  /**
   * What its failure asks for at this moment; undefined while it does not fail. Allocates nothing. Where it is absent, the
   * verdict says the same.
   */
  findDemand?(): Consequence | undefined
  /** All it knows, exact to the last bit. */
  save(): SavedMonitor
  /**
   * Goes on from what another monitor of the same guard saved, at this monitor's own alpha.
   *
   * @throws SluiceError `invalid_checkpoint`; then it may have taken in a part, and is to be thrown away.
   */
  restore(saved: SavedMonitor): void
}

/** What a monitor's failure asks for; undefined while it does not fail. */
export function demandOf(monitor: Monitor): Consequence | undefined {
  if (monitor.findDemand !== undefined) return monitor.findDemand()
  const { outcome, consequence } = monitor.judge()
  return outcome === 'fail' ? consequence : undefined
}

/** A monitor that looks at no latencies. */
export interface ReadingMonitor extends Monitor {
  observe(tick: Tick): void
}
