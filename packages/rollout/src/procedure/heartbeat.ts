import type { Clock } from '@sluice/stores'

/**
 * Gives signs of life until it is told to stop: whoever waits for the owner sees one, however long a step takes.
 *
 * @returns A function that stops it.
 */
export function beatOn(options: {
  readonly clock: Clock
  readonly everyMs: number
  readonly beat: () => Promise<unknown>
  /** Hears of one that could not be given; the next one follows. */
  readonly tellError: (error: unknown) => void
}): () => void {
  const { clock, everyMs, beat, tellError } = options
  let isOver = false
  let cancel = clock.after(everyMs, next)

  async function next(): Promise<void> {
    await beat().catch(tellError)
    if (!isOver) cancel = clock.after(everyMs, next)
  }

  return () => {
    isOver = true
    cancel()
  }
}
