import type { Tick } from './counts.ts'
import { SluiceError } from './error.ts'
import { type PackedCounts, packCounts, unpackCounts } from './packed-counts.ts'

/** A tick as JSON: a line of a file that can be replayed. */
export type PackedTick = PackedCounts &
  Pick<Tick, 'at' | 'canaryShare' | 'calibration' | 'processes' | 'readings'>

/** Packs a tick, so that it can be kept and replayed. */
export function packTick(tick: Tick): PackedTick {
  const { at, stable, canary, declared, canaryShare, calibration, processes, readings } = tick
  return {
    at,
    ...packCounts({ stable, canary, ...(declared === undefined ? {} : { declared }) }),
    ...(canaryShare === undefined ? {} : { canaryShare }),
    ...(calibration === undefined ? {} : { calibration }),
    ...(processes === undefined ? {} : { processes }),
    ...(readings === undefined ? {} : { readings }),
  }
}

/**
 * Unpacks what {@link packTick} made. What it says beside the counts is checked by the guards that look at it.
 *
 * @throws SluiceError `invalid_counts`, `invalid_declaration`: see {@link unpackCounts}.
 */
export function unpackTick(packed: unknown): Tick {
  const { at, canaryShare, calibration, processes, readings } = Object(
    packed,
  ) as Partial<PackedTick>
  if (typeof at !== 'number') {
    throw new SluiceError('invalid_counts', `a tick needs its time; found ${String(at)}`)
  }
  return {
    at,
    ...unpackCounts(packed),
    ...(canaryShare === undefined ? {} : { canaryShare }),
    ...(calibration === undefined ? {} : { calibration }),
    ...(processes === undefined ? {} : { processes }),
    ...(readings === undefined ? {} : { readings }),
  }
}
