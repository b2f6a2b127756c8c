import { seriesOf } from './arm-counts.ts'
import type { ArmCounts, Tick } from './counts.ts'
import type { CustomGuard, ErrorRateGuard } from './statistical-guards.ts'

/** What a ratio monitor compares: how often something happens per request, in two arms. */
export interface RatioSubject {
  /** Whether both arms tell of it: what is not counted is not none. */
  isKnown(tick: Tick): boolean
  /** How often it happened in an arm, in the same way of counting as in the other. */
  hits(arm: ArmCounts, other: ArmCounts): number
  /** Whether it happens at most once per request, as errors do; purchases may come by the dozen. */
  readonly isOncePerRequest: boolean
  /** How many requests one of the canary's counts for; see `Tick.calibration`. */
  weight(tick: Tick): number
  /**
   * Where more is better, the arms change places: that the stable arm has too many is that the canary has too few.
   */
  readonly isHigherBetter: boolean
  /** A rate up to which the canary counts as healthy; 0 where there is none. */
  readonly floorRatio: number
  /** "errors", "signup". */
  readonly noun: string
  /** "worse" for people: "more than" or "less than". */
  readonly worse: string
}

/** What an error-rate or a custom guard compares. */
export function ratioSubject(guard: ErrorRateGuard | CustomGuard): RatioSubject {
  if (guard.kind === 'error_rate') {
    const { countErrors, floorRatio } = guard
    return {
      isKnown: () => true,
      hits: countErrors === 'by_unit' ? countFailedUnits : countAll,
      isOncePerRequest: true,
      weight: ({ calibration = 1 }) => calibration,
      ...{ isHigherBetter: false, floorRatio, noun: 'errors', worse: 'more than' },
    }
  }
  const { series, better } = guard
  const isHigherBetter = better === 'higher'
  return {
    isKnown: ({ stable, canary }) =>
      seriesOf(stable.series, series) !== undefined &&
      seriesOf(canary.series, series) !== undefined,
    hits: (arm) => seriesOf(arm.series, series)?.count ?? 0,
    isOncePerRequest: false,
    weight: () => 1,
    ...{ isHigherBetter, floorRatio: 0, noun: series },
    worse: isHigherBetter ? 'less than' : 'more than',
  }
}

function countAll({ errors }: ArmCounts): number {
  return errors
}

/** A burst of retries is one in both arms or many in both: where one arm knows no units, neither is counted by them. */
function countFailedUnits({ errors, failedUnits }: ArmCounts, other: ArmCounts): number {
  return failedUnits === undefined || other.failedUnits === undefined ? errors : failedUnits
}
