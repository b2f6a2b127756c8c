import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { createMemoryStore } from '@sluice/stores/memory'
import { storeContract } from '@sluice/stores/testing'
import { afterAll, describe, it } from 'vitest'

storeContract('memory', { create: async () => createMemoryStore() }, { describe, it })

const directories = new Map<Store, string>()

storeContract(
  'file',
  {
    async create() {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-contract-'))
      const store = createFileStore({ directory })
      directories.set(store, directory)
      return store
    },
    reopen: async (store) => createFileStore({ directory: directories.get(store)! }),
  },
  { describe, it },
)

afterAll(async () => {
  for (const directory of directories.values()) await rm(directory, { recursive: true })
})
