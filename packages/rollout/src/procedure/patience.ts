/** Counts how long something has stayed as it is, in ticks: no clock that jumps or stands still can lengthen it. */
export interface Patience {
  /**
   * Call it at each tick.
   *
   * @param subject What is watched, as it is now; another one starts at 0.
   * @returns Milliseconds since the first tick that saw it like that.
   */
  watch(subject: string): number
}

/** @param tickMs The time between two ticks. */
export function createPatience(tickMs: number): Patience {
  let seen = ''
  let ticks = 0
  return {
    watch(subject) {
      ticks = subject === seen ? ticks + 1 : 0
      seen = subject
      return ticks * tickMs
    },
  }
}
