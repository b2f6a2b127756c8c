// Raises one number in a file store a thousand times, each time from the value it has read.
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, name, times] = process.argv.slice(2) as [string, string, string]
const replica = createReplica({ store: createFileStore({ directory }) })
await replica.refresh()

let lost = 0
for (let done = 0; done < Number(times); ) {
  const before = (replica.get('counter')?.value ?? 0) as number
  const basedOn = replica.head.revision
  try {
    await replica.commit(
      {
        actor: name,
        action: 'increment',
        reason: 'a race',
        changes: [{ key: 'counter', value: before + 1 }],
      },
      { dependsOn: ['counter'], basedOn },
    )
    done += 1
  } catch (error) {
    if ((error as { code?: string }).code !== 'conflict') throw error
    lost += 1
  }
}
await replica.close()
process.stdout.write(`${JSON.stringify({ lost })}\n`)
