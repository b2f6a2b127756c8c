/** A clock that never steps back. */
export interface SteadyClock {
  /** Ms since it was made. */
  now(): number
}

/**
 * Makes of any clock one that never steps back: where the other does, this one stands still for that once and goes on.
 *
 * @param now In ms. What is no finite number does not move the clock.
 */
export function createSteadyClock(now: () => number): SteadyClock {
  return new Steady(now)
}

/** A class over an array, for speed: a variable in a closure would allocate each new number. */
class Steady implements SteadyClock {
  readonly source: () => number
  /** What the source said last, and the time made of all it said. */
  readonly time: Float64Array

  constructor(source: () => number) {
    this.source = source
    this.time = new Float64Array([source(), 0])
  }

  now(): number {
    const { time } = this
    const at = this.source()
    if (!Number.isFinite(at)) return time[1]!
    if (at > time[0]!) time[1]! += at - time[0]!
    time[0] = at
    return time[1]!
  }
}
