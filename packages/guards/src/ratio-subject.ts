import type { ArmCounts, Tick } from './counts.ts'
import type { CustomGuard, ErrorRateGuard } from './statistical-guards.ts'

/** What a ratio monitor compares: how often something happens per request, in two arms. */
export interface RatioSubject {
  /** How often it happened in an arm. */
  hits(arm: ArmCounts): number
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
      hits: countErrors === 'by_unit' ? countFailedUnits : countAll,
      weight: ({ calibration = 1 }) => calibration,
      ...{ isHigherBetter: false, floorRatio, noun: 'errors', worse: 'more than' },
    }
  }
  const { series, better } = guard
  const isHigherBetter = better === 'higher'
  return {
    hits: (arm) => arm.series?.[series]?.count ?? 0,
    weight: () => 1,
    ...{ isHigherBetter, floorRatio: 0, noun: series },
    worse: isHigherBetter ? 'less than' : 'more than',
  }
}

function countAll({ errors }: ArmCounts): number {
  return errors
}

/** Both arms come from one source: either knows units where the other does. */
function countFailedUnits({ errors, failedUnits }: ArmCounts): number {
  return failedUnits ?? errors
}
