// Takes snapshots of a file store and compacts it into an archive without end.
import { writeSync } from 'node:fs'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, archive] = process.argv.slice(2) as [string, string]
const store = createFileStore({ directory })
const replica = createReplica({ store, snapshotEvery: 0 })

for (let count = 1; ; count += 1) {
  await replica.commit({
    actor: 'compactor',
    action: 'count',
    reason: 'to be killed',
    changes: [{ key: 'compactor', value: count }],
  })
  const { revision } = await replica.snapshot()
  await store.compact({ keepAfter: revision - 3, archive })
  writeSync(1, `${revision}\n`)
}
