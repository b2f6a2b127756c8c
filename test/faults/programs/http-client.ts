// Opens a log over HTTP, reads and follows it, writes a line, and ends by itself, closed or not.
import { createReplica } from '@sluice/stores'
import { createHttpStore, urlSource } from '@sluice/stores/http'

const [url, how] = process.argv.slice(2) as [string, string]
const store = createHttpStore({ url })
const replica = createReplica({ store })
await replica.start()
await replica.ready()
const unwatch = await store.watch?.(() => {})
const source = urlSource(`${url}/v1/snapshot`)
const stop = source.start({ accept: () => {}, report: () => {} })
process.stdout.write(`${replica.status} at ${replica.head.revision}\n`)
if (how === 'close') {
  stop()
  unwatch?.()
  await replica.close()
  await store.close()
}
