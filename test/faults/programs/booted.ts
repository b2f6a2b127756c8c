// An application that starts while its store is down, and tells what happens, in order.
import { writeSync } from 'node:fs'
import type { FlagDefinitions } from '@sluice/core'
import { openFlags, type Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'

const [directory, cache] = process.argv.slice(2) as [string, string | undefined]
const say = (text: string) => writeSync(1, `${text}\n`)

const files = createFileStore({ directory })
let looks = 0
const store: Store = {
  ...files,
  async readSnapshot() {
    looks += 1
    return files.readSnapshot()
  },
  async read(after, limit) {
    looks += 1
    const commits = await files.read(after, limit)
    if (commits.length > 0) say('the store answers')
    return commits
  },
}
const definitions: FlagDefinitions = {
  a: { enabled: true, rollout: 0, environments: ['production'] },
}
const flags = openFlags<FlagDefinitions>({
  ...{ store, environment: 'production', definitions, pollMs: 20 },
  ...(cache !== undefined && cache !== '' && { cache }),
})
const tell = (when: string) =>
  say(`${when}: ${flags.status} ${flags.isEnabled('a', 'ann') ? 'on' : 'off'}`)
tell('opened')
await flags.replica.start()
tell(`started`)
say(`ready: ${await flags.ready({ timeoutMs: 100 })}`)
tell('waited')
say('up now')
flags.on('status', () => tell('moved'))
await flags.ready({ timeoutMs: 60_000 })
await flags.close()
say(looks > 0 ? 'closed' : 'never looked')
