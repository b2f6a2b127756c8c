import { LONGEST_TICK_MS } from '../check-counts.ts'

/** What one series counts: a counter one number, a histogram one for each of its buckets. */
export interface SeriesValues {
  /** Its labels, and for a histogram its bounds. */
  readonly key: string
  /** The process that counts, as far as its labels tell. */
  readonly target: string
  /** Each only rises for as long as the process that counts lives. */
  readonly values: readonly number[]
}

/** Finds what is new in series that begin again at zero with their processes. */
export interface Increases {
  /**
   * What each series counted since it was last seen; all of it where it never was.
   *
   * @param at Epoch ms; never falls.
   * @param isLate Whether a process may have counted for long before it was first seen: what it counts from now on is new.
   */
  take(
    series: readonly SeriesValues[],
    at: number,
    isLate: (target: string) => boolean,
  ): (readonly number[])[]
}

/** Some 200 bytes each. Series that are gone are those of processes that ended: they do not come back. */
const MOST_GONE = 10_000

interface Seen {
  readonly values: readonly number[]
  readonly at: number
}

/** Starts with no series known. */
export function createIncreases(): Increases {
  /** Those seen last at the end. */
  const known = new Map<string, Seen>()
  let lastAt: number | undefined

  /** What a series had counted before; undefined where all it has counted is new. */
  function groundOf(
    { key, values, target }: SeriesValues,
    at: number,
    isLate: (target: string) => boolean,
  ): readonly number[] | undefined {
    const before = known.get(key)
    // A series that appears began at zero: the first error of a process is one.
    if (before === undefined) return isLate(target) ? values : undefined
    if (values.some((value, index) => value < before.values[index]!)) return undefined
    // It could not be scraped for a while. Within more than a minute the split may have moved.
    const wasMissing = before.at < (lastAt ?? at)
    return wasMissing && at - before.at > LONGEST_TICK_MS ? values : before.values
  }

  return {
    take(series, at, isLate) {
      const increases = series.map((each) => {
        const ground = groundOf(each, at, isLate)
        known.delete(each.key)
        known.set(each.key, { values: each.values, at })
        return each.values.map((value, index) => value - (ground?.[index] ?? 0))
      })
      lastAt = at
      let gone = known.size - series.length
      for (const key of known.keys()) {
        if (gone-- <= MOST_GONE) break
        known.delete(key)
      }
      return increases
    },
  }
}
