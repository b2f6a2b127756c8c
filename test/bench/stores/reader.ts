// Another process: says when an answer changed, by the clock that both share.
import { openFlags } from '@sluice/stores'
import { openAt } from './places.ts'

const [url, log] = process.argv.slice(2) as [string, string]
const { store, close } = await openAt(url, log)
const flags = openFlags({ store, environment: 'production', definitions: { page: {} } })
await flags.ready()
flags.on('change', () => {
  const { rollout } = flags.explain('page', 'ada').exposure ?? {}
  process.send?.({ rollout, at: performance.timeOrigin + performance.now() })
})
process.send?.('ready')
process.once('disconnect', async () => {
  await flags.close()
  await close()
})
