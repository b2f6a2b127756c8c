import { SluiceError } from '@sluice/core'
import type { Exchange } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import type { ManualClock } from '@sluice/stores/testing'

/** How an exchange fares for one process. */
export type Line = 'good' | 'cut' | 'hanging' | 'unsupported'

/** One exchange, and the lines of several processes to it. */
export function createBoard(clock: ManualClock) {
  const exchange = createMemoryStore({ clock }).exchange as Exchange

  /** A process's line: it can be cut or made to hang. */
  function connect() {
    const line = { state: 'good' as Line, calls: 0 }
    async function carry<T>(call: () => Promise<T>): Promise<T> {
      line.calls += 1
      if (line.state === 'unsupported') throw new SluiceError('store_unsupported', 'no exchange')
      if (line.state === 'cut') throw new Error('the exchange is not to be had')
      return line.state === 'hanging' ? new Promise<T>(() => {}) : call()
    }
    const over: Exchange = {
      publish: (key, value, ttlMs) => carry(() => exchange.publish(key, value, ttlMs)),
      collect: (prefix) => carry(() => exchange.collect(prefix)),
    }
    return { line, exchange: over }
  }

  return { exchange, connect }
}
