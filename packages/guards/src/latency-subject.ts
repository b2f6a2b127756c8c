import { seriesOf } from './arm-counts.ts'
import { createArmCounts, type Tick } from './counts.ts'
import { createTickViews, type TickViews } from './histogram-view.ts'
import type { CustomGuard, LatencyGuard } from './statistical-guards.ts'
import { sayMs, sayNumber } from './wording.ts'

/** What a latency monitor compares: how large something is, in two arms. */
export interface LatencySubject {
  /** Both arms of a tick. Valid until the next. */
  view(tick: Tick, views: TickViews): TickViews
  /** Where more is better, the arms change places: that the stable arm's are larger is that the canary's are smaller. */
  readonly isHigherBetter: boolean
  /** "p95", "mean", "purchase p50". */
  readonly noun: string
  /** "latencies", "purchase values". */
  readonly plural: string
  /** "slower than" or "less than". */
  readonly worse: string
  say(value: number | undefined): string
  /** Which statistic of both arms is compared. */
  readonly statistic: number | 'mean'
}

const none = createArmCounts().latency

/** What a latency guard, or a custom guard of values, compares. */
export function latencySubject(guard: LatencyGuard | CustomGuard): LatencySubject {
  if (guard.kind === 'latency') {
    const { statistic } = guard
    return {
      view: (_, views) => views,
      isHigherBetter: false,
      noun: sayStatistic(statistic),
      plural: 'latencies',
      worse: 'slower than',
      say: sayMs,
      statistic,
    }
  }
  const { series, better } = guard
  const own = createTickViews()
  return {
    view({ stable, canary }) {
      own.stable.read(seriesOf(stable.series, series)?.values ?? none)
      own.canary.read(seriesOf(canary.series, series)?.values ?? none)
      return own
    },
    isHigherBetter: better === 'higher',
    noun: `mean ${series}`,
    plural: `values of ${series}`,
    worse: better === 'higher' ? 'less than' : 'more than',
    say: (value) => (value === undefined ? 'none' : sayNumber(value)),
    statistic: 'mean',
  }
}

function sayStatistic(statistic: number | 'mean'): string {
  return statistic === 'mean' ? 'mean' : `p${Number((statistic * 100).toPrecision(4))}`
}
