// How much memory the flags of a log take. Needs --expose-gc.
import { openFlags } from '@sluice/stores'
import { openAt } from './places.ts'

const [url, log] = process.argv.slice(2) as [string, string]
const { store, close } = await openAt(url, log)
const used = () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
const before = used()
const flags = openFlags({ store, environment: 'production' })
if (!(await flags.ready({ timeoutMs: 60_000 }))) throw new Error('not live')
const count = flags.snapshot().keys().length
flags.evaluateAll('ada')
process.send?.({ count, bytes: used() - before })
await flags.close()
await close()
