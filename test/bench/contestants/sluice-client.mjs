import { createMemoryStore, openFlags } from '@sluice/stores'
import { definitionsOf, readersOf } from './sluice-flags.mjs'

/** Sluice's client, fed by a log: what an application calls. */
export const sluiceClient = {
  name: 'client',
  package: '@sluice/stores',
  async open(flags) {
    const client = await openFlags({
      store: createMemoryStore(),
      environment: 'production',
      definitions: definitionsOf(flags),
    })
    await client.ready({ timeout: 5000 })
    return readersOf(client)
  },
}
