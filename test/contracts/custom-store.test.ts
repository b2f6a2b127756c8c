import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createReplica, type Store, verifyLog } from '@sluice/stores'
import { storeContract } from '@sluice/stores/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFolderStore } from '../../examples/custom-store/folder-store.ts'
import { createRandom } from '../arbitraries/random.ts'
import { bundleProgram, run, wholeLines } from '../faults/processes.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-folders-'))
})
afterAll(() => rm(root, { recursive: true }))

const newFolder = () => mkdtemp(join(root, 'log-'))
const folders = new Map<Store, string>()

storeContract(
  'the store of the guide',
  {
    async create() {
      const directory = await newFolder()
      const store = createFolderStore(directory)
      folders.set(store, directory)
      return store
    },
    reopen: async (store) => createFolderStore(folders.get(store)!),
  },
  { describe, it },
)

describe('the store of the guide', () => {
  it('keeps every acknowledged commit of writers that are killed', async () => {
    const directory = await newFolder()
    const program = await bundleProgram('folder-writer', root)
    const random = createRandom(20_260_102)
    const acknowledged = new Map<number, string>()
    const runLane = async (lane: number) => {
      for (let round = 0; round < 8; round += 1) {
        const { child, said, firstLine, ended } = run(program, [directory, `w${lane}-${round}`])
        await firstLine
        await pause(random() * 60)
        child.kill('SIGKILL')
        await ended
        for (const line of wholeLines(said())) {
          const [revision, hash] = line.split(' ') as [string, string]
          expect(acknowledged.has(Number(revision)), 'one position, two writers').toBe(false)
          acknowledged.set(Number(revision), hash)
        }
      }
    }
    await Promise.all([runLane(0), runLane(1)])

    const store = createFolderStore(directory)
    expect(await verifyLog(store)).toMatchObject({ ok: true })
    const commits = await store.read(0)
    expect(acknowledged.size).toBeGreaterThanOrEqual(16)
    for (const [revision, hash] of acknowledged) expect(commits[revision - 1]?.hash).toBe(hash)
  })

  it('says which commit was damaged or lost', async () => {
    const directory = await newFolder()
    const store = createFolderStore(directory)
    const replica = createReplica({ store })
    const draft = { actor: 'ann', action: 'note', reason: 'a test', changes: [] }
    for (let count = 0; count < 3; count += 1) await replica.commit(draft)
    await writeFile(join(directory, 'commit-2', 'value.json'), '{}')
    await expect(store.read(0)).rejects.toMatchObject({ code: 'corrupt_commit' })
    expect(await store.read(0, 1)).toHaveLength(1)
    await rm(join(directory, 'commit-2'), { recursive: true })
    await expect(store.read(0)).rejects.toMatchObject({ code: 'missing_commit' })
    expect(await store.read(2)).toHaveLength(1)
  })
})
