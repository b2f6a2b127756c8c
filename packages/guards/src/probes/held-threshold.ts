import { READING_LIMIT_MS } from './probe-verdict.ts'

/** Where a number stands: over the threshold, back at where it is left, or in between. */
export type Level = 'beyond' | 'between' | 'clear'

/** How a number has stood to its threshold. Plain JSON; times are the ticks'. */
export type Held =
  | { readonly phase: 'clear' }
  | { readonly phase: 'rising'; readonly since: number }
  | { readonly phase: 'failed'; readonly since: number; readonly at: number }

/**
 * The next state, after a reading.
 *
 * On the way up any reading that is not beyond the threshold ends the count, and so does a time of 30 s without one: a
 * threshold was held only where somebody looked. On the way down only `clear` ends a failure.
 *
 * @param at When the tick was that brought the reading, epoch ms.
 * @param lastAt When the tick was that brought the reading before.
 */
export function hold(
  held: Held,
  level: Level,
  at: number,
  lastAt: number | undefined,
  forMs: number,
): Held {
  if (held.phase === 'failed') return level === 'clear' ? { phase: 'clear' } : held
  if (level !== 'beyond') return { phase: 'clear' }
  const isUnbroken = lastAt !== undefined && at - lastAt <= READING_LIMIT_MS
  const since = held.phase === 'rising' && isUnbroken ? held.since : at
  return at - since >= forMs ? { phase: 'failed', since, at } : { phase: 'rising', since }
}
