import { openFlags } from '@sluice/stores'
import { createMemoryStore } from '@sluice/stores/memory'
import { definitionsOf, readersOf } from './sluice-flags.mjs'

/** Sluice's client, fed by a log: what an application calls. */
export const sluiceClient = {
  name: 'client',
  package: '@sluice/stores',
  async open(flags) {
    const client = openFlags({
      store: createMemoryStore(),
      environment: 'production',
      definitions: definitionsOf(flags),
    })
    if (!(await client.ready())) throw new Error('the client did not become live')
    return readersOf(client)
  },
}
