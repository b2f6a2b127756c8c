import type { Clock, Store } from '@sluice/stores'

/** A process that dies at its n-th effect: from then on, nothing it does has one. */
export interface Mortal {
  readonly isDead: () => boolean
  /** Counts an effect, and never comes back from the one that it dies at. */
  effect<T>(work: () => Promise<T> | T): Promise<T>
  store(store: Store): Store
  clock(clock: Clock): Clock
}

/** @param when Whether the effect that it dies at still takes place. */
export function createMortal(dieAt: number, when: 'before' | 'after'): Mortal {
  let count = 0
  let isDead = false
  const never = new Promise<never>(() => {})

  async function effect<T>(work: () => Promise<T> | T): Promise<T> {
    if (isDead) return never
    count += 1
    const isLast = count === dieAt
    if (isLast && when === 'before') {
      isDead = true
      return never
    }
    const outcome = Promise.resolve(work())
    if (isLast) isDead = true
    const settled = await outcome.then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    return isDead ? never : settled()
  }

  return {
    isDead: () => isDead,
    effect,
    store: (store) => ({
      ...store,
      read: (after, limit) => (isDead ? never : store.read(after, limit)),
      append: (commit) => effect(() => store.append(commit)),
    }),
    clock: (clock) => ({
      now: clock.now,
      after: (delayMs, wake, options) =>
        clock.after(delayMs, () => (isDead ? undefined : wake()), options),
    }),
  }
}
