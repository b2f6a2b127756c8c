// Writes to a file store without end, and says each acknowledged commit on its standard output.
import { writeSync } from 'node:fs'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, name] = process.argv.slice(2) as [string, string]
// Small numbers, so that kills fall into the writing of snapshots too.
const replica = createReplica({ store: createFileStore({ directory }), snapshotEvery: 25 })

for (let count = 1; ; count += 1) {
  const { revision, hash } = await replica.commit({
    actor: name,
    action: 'count',
    reason: 'to be killed',
    changes: [{ key: `writer/${name}`, value: { count, padding: 'x'.repeat(2_000) } }],
  })
  // Synchronous: what was said before the kill arrives.
  writeSync(1, `${revision} ${hash}\n`)
}
