import { type FlagSet, SluiceError } from '@sluice/core'
import type { FlagView } from './flag-view-contract.ts'
import type { Fold } from './fold.ts'
import type { Replica } from './replica-contract.ts'
import type { PastOptions } from './state-at.ts'

/** Makes a view of a past state of the log, over the definitions that are in service now. */
export type PastView = (fold: Fold, at: number) => FlagView

/** The flags as a log had them at an instant. */
export async function flagsAt(
  replica: Pick<Replica, 'stateAt'>,
  viewOf: PastView,
  time: number | Date,
  past: PastOptions | undefined,
): Promise<FlagSet> {
  const at = typeof time === 'number' || time instanceof Date ? Number(time) : Number.NaN
  if (!Number.isFinite(at)) {
    const expected = 'epoch milliseconds, or a date'
    const found = typeof time === 'number' ? String(time) : typeof time
    throw new SluiceError(
      'invalid_time',
      `A past state is asked for by ${expected}, not ${found}.`,
      {
        expected,
        found,
      },
    )
  }
  const fold = await replica.stateAt(at, past)
  const view = viewOf(fold, at)
  view.reset(fold.entries(''), fold.head.revision)
  return view.current
}
