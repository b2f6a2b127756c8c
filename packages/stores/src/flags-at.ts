import { type FlagSet, SluiceError } from '@sluice/core'
import type { FlagView } from './flag-view.ts'
import type { Fold } from './fold.ts'
import { type PastOptions, readStateAt } from './state-at.ts'
import type { Store } from './store.ts'

/** Makes a view of a past state of the log, over the definitions that are in service now. */
export type PastView = (fold: Fold, at: number) => FlagView

/** The flags as a log had them at an instant. */
export async function flagsAt(
  store: Store,
  viewOf: PastView,
  time: number | Date,
  past: PastOptions | undefined,
): Promise<FlagSet> {
  const at = Number(time)
  if (!Number.isFinite(at)) {
    const expected = 'epoch milliseconds, or a date'
    const found = String(time)
    throw new SluiceError(
      'invalid_time',
      `A past state is asked for by ${expected}, not ${found}.`,
      {
        expected,
        found,
      },
    )
  }
  const fold = await readStateAt(store, at, past)
  const view = viewOf(fold, at)
  view.reset(fold.entries(''), fold.head.revision)
  return view.current
}
