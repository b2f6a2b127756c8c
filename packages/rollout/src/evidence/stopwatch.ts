/** How long something was watched without a break that matters. */
export interface Stopwatch {
  /** What is watched; another subject starts at zero. */
  readonly subject: string
  readonly observedMs: number
  /** The last look that counts, epoch milliseconds; undefined before the first. */
  readonly lastAt: number | undefined
}

/**
 * Counts the time since the last look, if both ends were seen and no more than `gapLimitMs` lies
 * between them: a process that slept, or a clock that jumped, has observed nothing meanwhile.
 *
 * @param isSeen Whether this look counts. After one that does not, time counts from the next that does.
 */
export function lap(
  watch: Stopwatch | undefined,
  { subject, isSeen, gapLimitMs }: { subject: string; isSeen: boolean; gapLimitMs: number },
  now: number,
): Stopwatch {
  const before = watch?.subject === subject ? watch : { subject, observedMs: 0, lastAt: undefined }
  if (!isSeen) return { ...before, lastAt: undefined }
  const gapMs = before.lastAt === undefined ? 0 : now - before.lastAt
  const isObserved = gapMs > 0 && gapMs <= gapLimitMs
  return {
    subject,
    observedMs: before.observedMs + (isObserved ? gapMs : 0),
    lastAt: now,
  }
}
