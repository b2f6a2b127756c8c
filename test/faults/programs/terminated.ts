// An application under load that is told to end in the middle of a write, and ends by itself.
import { writeSync } from 'node:fs'
import type { FlagDefinitions } from '@sluice/core'
import { openFlags, type Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, cache, kind] = process.argv.slice(2) as [string, string, 'slow' | 'silent']
const timerCount = 100
const slowMs = 300

const files = createFileStore({ directory, create: true })
let writes = 0
const store: Store = {
  ...files,
  async append(commit) {
    writes += 1
    // The first three are acknowledged at once; the next one is under way when the signal comes.
    if (writes <= 3) return files.append(commit)
    writeSync(1, 'writing\n')
    if (kind === 'silent') return new Promise<never>(() => {})
    await new Promise((resolve) => setTimeout(resolve, slowMs))
    return files.append(commit)
  },
}

const definitions: FlagDefinitions = {
  a: { enabled: true, rollout: 0, environments: ['production'] },
}
const flags = openFlags<FlagDefinitions>({ store, cache, environment: 'production', definitions })
const timers = Array.from({ length: timerCount }, (_, index) =>
  setInterval(() => flags.isEnabled('a', `user${index}`), 10),
)

process.on('SIGTERM', async () => {
  await flags.close()
  for (const timer of timers) clearInterval(timer)
  writeSync(1, 'closed\n')
})

await flags.ready()
for (let rollout = 1; ; rollout += 1) {
  try {
    const note = { actor: 'ann', reason: 'the application' }
    const { revision, hash } = await flags.setRollout('a', rollout, note)
    writeSync(1, `acknowledged ${revision} ${hash}\n`)
  } catch (error) {
    writeSync(1, `refused ${(error as { code?: string }).code}\n`)
    break
  }
}
