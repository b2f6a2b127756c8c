import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'

/**
 * Waits for a promise, but not for ever.
 *
 * @throws SluiceError `look_timeout` once `limitMs` have passed; whatever the promise rejects with.
 */
export function within<T>(
  clock: Clock,
  limitMs: number,
  promise: Promise<T>,
  who = 'metric source',
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      const message = `The ${who} did not answer within ${limitMs} ms.`
      reject(new SluiceError('look_timeout', message))
    }
    const cancel = clock.after(limitMs, stop, { keepsAlive: true })
    promise.then(resolve, reject).finally(cancel)
  })
}
