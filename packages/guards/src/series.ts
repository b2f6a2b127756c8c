import type { ArmName, SeriesCounts } from './counts.ts'
import { bucketOf, LATENCY_BUCKETS } from './latency-histogram.ts'

/** Series beyond these are a name made of data, an id or a path, not one that somebody wrote down. */
export const MOST_SERIES = 16

/** A longer name is no name. */
const LONGEST_SERIES_NAME = 64

/** An application's own events by name and arm, in at most 40 kB. */
export interface SeriesTable {
  /** Counts an event. @returns Whether it could be. */
  track(name: string, arm: ArmName, value: number | undefined): boolean
  /** A copy of an arm's series; undefined where there is none. */
  read(arm: ArmName): Record<string, SeriesCounts> | undefined
}

interface Totals {
  count: number
  values: Uint32Array | undefined
}

/** Creates a table without series. */
export function createSeriesTable(): SeriesTable {
  const names = new Map<string, Record<ArmName, Totals>>()

  function find(name: string): Record<ArmName, Totals> | undefined {
    const known = names.get(name)
    if (known !== undefined || names.size >= MOST_SERIES || !isSeriesName(name)) return known
    const series = { stable: createTotals(), canary: createTotals() }
    names.set(name, series)
    return series
  }

  return {
    track(name, arm, value) {
      if (value !== undefined && !(value >= 0 && value < Infinity)) return false
      const series = find(name)
      if (series === undefined) return false
      const totals = arm === 'stable' ? series.stable : series.canary
      totals.count++
      if (value !== undefined) {
        totals.values ??= new Uint32Array(LATENCY_BUCKETS)
        totals.values[bucketOf(value)]!++
      }
      return true
    },

    read(arm) {
      if (names.size === 0) return undefined
      return Object.fromEntries([...names].map(([name, series]) => [name, copy(series[arm])]))
    },
  }
}

/** Whether a name can be a series': text of 1 to 64 characters. */
export function isSeriesName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && name.length <= LONGEST_SERIES_NAME
}

function createTotals(): Totals {
  return { count: 0, values: undefined }
}

function copy({ count, values }: Totals): SeriesCounts {
  return values === undefined ? { count } : { count, values: values.slice() }
}
