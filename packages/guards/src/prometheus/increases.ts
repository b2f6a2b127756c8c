import { LONGEST_TICK_MS } from '../check-counts.ts'

/** What one series counts: a counter one number, a histogram one for each of its buckets. */
export interface SeriesValues {
  /** Its labels, and for a histogram its bounds. */
  readonly key: string
  /** Each only rises for as long as the process that counts lives. */
  readonly values: readonly number[]
}

/** Finds what is new in series that begin again at zero with their processes. */
export interface Increases {
  /**
   * What each series counted since it was last seen; all of it where it never was.
   *
   * @param at Epoch ms; never falls.
   */
  take(series: readonly SeriesValues[], at: number): (readonly number[])[]
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

  function increaseOf({ key, values }: SeriesValues, at: number): readonly number[] {
    const before = known.get(key)
    known.delete(key)
    known.set(key, { values, at })
    // A series that appears began at zero: the first error of a process is one.
    if (before === undefined || values.some((value, index) => value < before.values[index]!)) {
      return values
    }
    // It could not be scraped for a while. Within more than a minute the split may have moved.
    const wasMissing = before.at < (lastAt ?? at)
    if (wasMissing && at - before.at > LONGEST_TICK_MS) return values.map(() => 0)
    return values.map((value, index) => value - before.values[index]!)
  }

  return {
    take(series, at) {
      const increases = series.map((each) => increaseOf(each, at))
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
