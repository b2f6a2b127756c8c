import { SluiceError } from '@sluice/core'
import type { Clock } from '@sluice/stores'

/**
 * Waits for a router, but not for ever.
 *
 * @throws SluiceError `router_timeout` once `limitMs` have passed; whatever the promise rejects with.
 */
export function limitRouter<T>(clock: Clock, limitMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      const message = `The router did not answer within ${limitMs} ms. It is asked again.`
      reject(new SluiceError('router_timeout', message))
    }
    const cancel = clock.after(limitMs, giveUp, { keepsAlive: true })
    promise.then(resolve, reject).finally(cancel)
  })
}
