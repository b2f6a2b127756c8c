import type { Clock } from '@sluice/stores'

/** What a promise answers, or `late` where that takes longer. A rejection comes through. */
export async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  clock: Clock,
): Promise<T | 'late'> {
  let cancel = () => {}
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(timeoutMs, () => resolve('late'), { keepsAlive: true })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    cancel()
  }
}
