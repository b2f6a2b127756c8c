import { LONGEST_TICK_MS } from '../check-counts.ts'

/**
 * Tells processes that were late to be seen from those that have just begun.
 *
 * A process not seen before has just begun, as a rule. In the first minute it may also be an old one that could not be
 * scraped until now, and all it ever counted would stand in one tick.
 *
 * @returns To be asked once an answer, with the processes in it and its time in epoch ms.
 */
export function createLateness(): (
  present: ReadonlySet<string>,
  at: number,
) => (target: string) => boolean {
  let firstAt: number | undefined
  let known: ReadonlySet<string> = new Set()

  return (present, at) => {
    const before = known
    const isFirst = firstAt === undefined
    firstAt ??= at
    if (isFirst) known = present
    if (isFirst || at - firstAt > LONGEST_TICK_MS) return () => false
    known = new Set([...before, ...present])
    return (target) => !before.has(target)
  }
}
