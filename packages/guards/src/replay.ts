import type { Tick } from './counts.ts'
import type { Consequence, Guard } from './guard.ts'
import { createGuardSet, type GuardSetOptions } from './guard-set.ts'
import type { Verdict } from './verdict.ts'

/** What a set of guards would have made of recorded ticks. */
export interface Replay {
  /** Of the last tick that was looked at: the last of all, or the one that rolled back. */
  readonly verdicts: readonly Verdict[]
  /** The first demand for a rollback, which ended the rollout; undefined where there was none. */
  readonly rollback:
    | { readonly at: number; readonly guard: string; readonly because: string }
    | undefined
  /** When the strongest that the guards asked for changed; undefined: nothing any more. */
  readonly demands: readonly { readonly at: number; readonly demand: Consequence | undefined }[]
  /** Ticks looked at, the dropped ones included. */
  readonly ticks: number
  readonly dropped: number
}

/**
 * Plays recorded ticks to guards: the very decisions that the live set made, or would have made.
 *
 * It ends where the guards roll back. Ticks as {@link packTick} wrote them are read with {@link unpackTick}.
 *
 * @throws What {@link createGuardSet} throws.
 */
export function replay(
  ticks: Iterable<Tick>,
  guards: readonly Guard[],
  options: GuardSetOptions = {},
): Replay {
  const set = createGuardSet(guards, options)
  const demands: { at: number; demand: Consequence | undefined }[] = []
  let demand: Consequence | undefined
  let count = 0
  for (const tick of ticks) {
    set.observe(tick)
    count++
    const asked = set.findDemand()
    if (asked === demand) continue
    demand = asked
    demands.push({ at: tick.at, demand })
    if (asked === 'rollback') break
  }
  const verdicts = set.verdicts()
  const failed = verdicts.find((v) => v.outcome === 'fail' && v.consequence === 'rollback')
  const last = demands.at(-1)
  return {
    verdicts,
    rollback:
      failed === undefined || last?.demand !== 'rollback'
        ? undefined
        : { at: last.at, guard: failed.guard, because: failed.because },
    demands,
    ticks: count,
    dropped: set.dropped,
  }
}
