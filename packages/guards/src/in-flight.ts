import type { SteadyClock } from './steady-clock.ts'

/** A request that has begun, and is counted when it ends. */
export interface InFlight {
  /**
   * Counts it. Only the first call does; and none where it is older than the recorder's `timeoutMs`: then it counts as an
   * error of that length, whatever becomes of it.
   */
  end(ok: boolean): void
}

/** The requests that have begun and not ended. */
export interface InFlightList<Subject> {
  begin(subject: Subject): InFlight
  /** Counts those that are too old. */
  expire(): void
}

/** What is in flight holds far more than its place here, some 100 bytes; a process with more of it answers nobody. */
const MOST_IN_FLIGHT = 10_000

/**
 * Creates an empty list.
 *
 * Of more than 10,000 at once the rest are not in it: they are counted when they end, and not while they hang.
 *
 * @param count Told of each request once.
 */
export function createInFlightList<Subject>(
  timeoutMs: number,
  clock: SteadyClock,
  count: (subject: Subject, ok: boolean, durationMs: number) => void,
): InFlightList<Subject> {
  return new List(timeoutMs, clock, count)
}

/** Classes, for speed: a request makes one small object and no closures. */
class List<Subject> implements InFlightList<Subject> {
  readonly timeoutMs: number
  readonly clock: SteadyClock
  readonly count: (subject: Subject, ok: boolean, durationMs: number) => void
  /** In the order in which they began. */
  first: Entry<Subject> | undefined = undefined
  last: Entry<Subject> | undefined = undefined
  length = 0

  constructor(timeoutMs: number, clock: SteadyClock, count: List<Subject>['count']) {
    this.timeoutMs = timeoutMs
    this.clock = clock
    this.count = count
  }

  begin(subject: Subject): InFlight {
    const startedAt = this.clock.now()
    this.expireAt(startedAt)
    const entry = new Entry(this, subject, startedAt)
    if (this.length < MOST_IN_FLIGHT) this.append(entry)
    return entry
  }

  expire(): void {
    if (this.first !== undefined) this.expireAt(this.clock.now())
  }

  expireAt(now: number): void {
    for (let entry = this.first; entry !== undefined; entry = this.first) {
      if (now - entry.startedAt < this.timeoutMs) return
      this.close(entry, false, this.timeoutMs)
    }
  }

  close(entry: Entry<Subject>, ok: boolean, durationMs: number): void {
    entry.isOpen = false
    if (entry.isListed) this.remove(entry)
    this.count(entry.subject, ok, durationMs)
  }

  append(entry: Entry<Subject>): void {
    entry.isListed = true
    entry.earlier = this.last
    if (this.last === undefined) this.first = entry
    else this.last.later = entry
    this.last = entry
    this.length++
  }

  remove(entry: Entry<Subject>): void {
    const { earlier, later } = entry
    if (earlier === undefined) this.first = later
    else earlier.later = later
    if (later === undefined) this.last = earlier
    else later.earlier = earlier
    // An entry that its caller keeps must not keep its neighbours.
    entry.earlier = undefined
    entry.later = undefined
    this.length--
  }
}

class Entry<Subject> implements InFlight {
  readonly list: List<Subject>
  readonly subject: Subject
  readonly startedAt: number
  isOpen = true
  isListed = false
  earlier: Entry<Subject> | undefined = undefined
  later: Entry<Subject> | undefined = undefined

  constructor(list: List<Subject>, subject: Subject, startedAt: number) {
    this.list = list
    this.subject = subject
    this.startedAt = startedAt
  }

  end(ok: boolean): void {
    if (!this.isOpen) return
    const durationMs = this.list.clock.now() - this.startedAt
    // What is counted must not depend on whether somebody looked before it ended.
    if (durationMs >= this.list.timeoutMs) this.list.close(this, false, this.list.timeoutMs)
    else this.list.close(this, ok, durationMs)
  }
}
