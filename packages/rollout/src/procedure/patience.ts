/** Counts how long something has stayed as it is, in ticks: no clock that jumps or stands still can lengthen it. */
export interface Patience {
  /** A tick has come: the next watch counts it, and those that follow it do not. */
  tick(): void
  /**
   * @param subject What is watched, as it is now; another one starts at 0.
   * @returns Milliseconds since the first watch that saw it like that, by the ticks that watched it.
   */
  watch(subject: string): number
}

/** @param tickMs The time between two ticks. */
export function createPatience(tickMs: number): Patience {
  let seen = ''
  let ticks = 0
  let isTick = false
  return {
    tick() {
      isTick = true
    },
    watch(subject) {
      // Somebody may look many times between two ticks: that is no time that passed.
      if (subject !== seen) ticks = 0
      else if (isTick) ticks += 1
      isTick = false
      seen = subject
      return ticks * tickMs
    },
  }
}
