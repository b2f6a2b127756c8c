import { checkExchange } from '../exchange.ts'
import { copyJson } from '../json-copy.ts'
import type { Exchange, SharedValue } from '../store.ts'
import type { Script } from './run-script.ts'
import { collectScript, publishScript } from './scripts.ts'

/** Runs a script on the keys of the exchange. */
export type RunShared = (script: Script, args: string[], doing: string) => Promise<unknown>

/** An exchange on two keys, values and their times, that the server's clock measures. */
export function createRedisExchange(run: RunShared): Exchange {
  return {
    async publish(key, value, ttlMs) {
      checkExchange(key, ttlMs)
      const rest =
        value === null ? [] : [JSON.stringify(copyJson(value, '')), `${Math.ceil(ttlMs)}`]
      await run(publishScript, [key, ...rest], `publish ${key}`)
    },

    async collect(prefix) {
      const found = (await run(collectScript, [prefix], 'collect shared values')) as unknown[]
      const values: SharedValue[] = []
      for (let index = 0; index < found.length; index += 2) {
        values.push({ key: `${found[index]}`, value: JSON.parse(`${found[index + 1]}`) })
      }
      return values.sort((one, other) => (one.key < other.key ? -1 : 1))
    },
  }
}
