// Writes to the example's store without end, and says each acknowledged commit on its standard output.
import { writeSync } from 'node:fs'
import { createReplica } from '@sluice/stores'
import { createFolderStore } from '../../../examples/custom-store/folder-store.ts'

const [directory, name] = process.argv.slice(2) as [string, string]
const replica = createReplica({ store: createFolderStore(directory), snapshotEvery: 5 })

for (;;) {
  const { revision, hash } = await replica.commit({
    actor: name,
    action: 'count',
    reason: 'to be killed',
    changes: [{ key: `writer/${name}`, value: 'x'.repeat(2_000) }],
  })
  // Synchronous: what was said before the kill arrives.
  writeSync(1, `${revision} ${hash}\n`)
}
