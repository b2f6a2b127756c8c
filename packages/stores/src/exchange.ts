import { SluiceError } from '@sluice/core'
import type { Clock } from './clock.ts'
import { copyJson } from './json-copy.ts'
import type { Exchange } from './store.ts'

/** A day: what is shared longer belongs in the log. */
const maxTtlMs = 86_400_000

/**
 * Refuses what an exchange does not take.
 *
 * @throws SluiceError `invalid_exchange`.
 */
export function checkExchange(key: string, ttlMs: number): void {
  if (!/^[\w.=/-]{1,200}$/.test(key)) {
    const expected = '1 to 200 characters of A-Z a-z 0-9 - _ . = /'
    throw refused(`An exchange key has ${expected}, unlike ${JSON.stringify(key)}.`, expected, key)
  }
  if (!(ttlMs >= 1 && ttlMs <= maxTtlMs)) {
    const expected = `1 to ${maxTtlMs} ms`
    throw refused(`An exchange keeps a value for ${expected}, not ${ttlMs}.`, expected, `${ttlMs}`)
  }
}

function refused(message: string, expected: string, found: string): SluiceError {
  return new SluiceError('invalid_exchange', message, { expected, found })
}

/** An exchange in this process's memory. */
export function createMemoryExchange(clock: Clock): Exchange {
  const values = new Map<string, { readonly text: string; readonly until: number }>()

  const dropExpired = () => {
    const now = clock.now()
    for (const [key, { until }] of values) if (until <= now) values.delete(key)
  }

  return {
    async publish(key, value, ttlMs) {
      checkExchange(key, ttlMs)
      dropExpired()
      if (value === null) values.delete(key)
      else
        values.set(key, { text: JSON.stringify(copyJson(value, '')), until: clock.now() + ttlMs })
    },

    async collect(prefix) {
      dropExpired()
      return [...values]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, { text }]) => ({ key, value: JSON.parse(text) }))
    },
  }
}
