// Writes a number of commits to a server's log through every outage, says each acknowledged one, and at
// the end the head of its replica once it has seen everybody's.
import { setTimeout as sleep } from 'node:timers/promises'
import { createReplica } from '@sluice/stores'
import { openStore } from '../../services/open-store.ts'

const [url, name, writer, count, total] = process.argv.slice(2) as [string, ...string[]]
const { store, close } = await openStore(url, name as string)
const replica = createReplica({ store, pollMs: 200, snapshotEvery: 500 })
await replica.start()

/** Catches up, however long that takes. */
async function look(): Promise<void> {
  const hasSeen = await replica.refresh().then(
    () => true,
    () => false,
  )
  if (hasSeen) return
  await sleep(50)
  await look()
}

for (let n = 1; n <= Number(count); n += 1) {
  const key = `${writer}/${n}`
  while (replica.get(key) === undefined) {
    try {
      const { revision, hash } = await replica.commit({
        actor: writer as string,
        action: 'count',
        reason: 'under outages',
        changes: [{ key, value: n }],
      })
      process.stdout.write(`${revision} ${hash}\n`)
    } catch (error) {
      // Whether it is in the log is seen once the log can be read again.
      if ((error as { code?: unknown }).code === 'conflict') throw error
      await look()
    }
  }
}
while (replica.keys().length < Number(total)) await sleep(20)
await look()
process.stdout.write(`head ${replica.head.revision} ${replica.head.hash}\n`)
await replica.close()
await close()
