import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { genesis, type Head, sealCommit } from '../chain.ts'
import type { CompactableStore } from '../compaction.ts'
import { createFileStore } from '../file.ts'
import { createReplica } from '../replica.ts'
import type { Commit } from '../store.ts'
import { verifyLog } from '../verify-log.ts'
import { appendCommit } from './append-commit.ts'
import { createDurability, type Durability } from './durability.ts'
import { commitPath } from './names.ts'
import { createPositions, type Positions } from './positions.ts'
import { readCommits } from './read-commits.ts'

// Races between processes that no scheduler can be made to run: the step in between is put in here.

let directory: string
let store: CompactableStore
let first: Commit
let durability: Durability

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-slow-'))
  store = createFileStore({ directory })
  durability = createDurability(directory)
  first = commitAfter(genesis)
  await store.append(first)
})
afterEach(() => rm(directory, { recursive: true }))

function commitAfter(head: Head, value = head.revision + 1): Commit {
  const changes = [{ key: 'n', value }]
  return sealCommit({ actor: 'ann', action: 'set', reason: 'a test', changes }, head, 1)
}

/** What the other processes do meanwhile: nine more commits, and the first nine dropped. */
async function writeAndCompact(): Promise<void> {
  const replica = createReplica({ store })
  for (let n = 2; n <= 10; n += 1) {
    const changes = [{ key: 'n', value: n }]
    await replica.commit({ actor: 'bob', action: 'set', reason: 'a test', changes })
  }
  await replica.snapshot()
  await store.compact({ keepAfter: 9 })
}

/** Positions that sleep through `meanwhile` at the first call of a method that fits. */
function sleepAt(
  method: 'has' | 'findCut',
  isBefore: (revision?: number) => boolean,
  meanwhile: () => Promise<void>,
): Positions {
  const positions = createPositions(directory)
  let hasSlept = false
  return new Proxy(positions, {
    get(target, name: keyof Positions) {
      if (name !== method) return target[name]
      return async (revision: number) => {
        const answer = await target[method](revision)
        if (!hasSlept && isBefore(revision)) {
          hasSlept = true
          await meanwhile()
        }
        return answer
      }
    },
  })
}

describe('a writer that sleeps between its last look and its link', () => {
  it('loses the position to another writer', async () => {
    const other = commitAfter(first, 77)
    const positions = sleepAt(
      'has',
      (revision) => revision === 3,
      () => store.append(other),
    )
    const late = appendCommit(directory, positions, commitAfter(first), durability)
    await expect(late).rejects.toMatchObject({ code: 'conflict' })
    expect(await store.read(1)).toEqual([other])
    expect(await readdir(directory)).toHaveLength(2)
  })

  it('takes its commit back where the position was compacted meanwhile', async () => {
    const positions = sleepAt('has', (revision) => revision === 3, writeAndCompact)
    const late = appendCommit(directory, positions, commitAfter(first, 77), durability)
    await expect(late).rejects.toMatchObject({ code: 'append_unknown' })
    expect(await readdir(directory)).not.toContain('000000000002.json')
    expect(await verifyLog(store)).toMatchObject({ ok: true, from: { revision: 9 } })
  })
})

describe('a reader that sleeps before its look at the files', () => {
  it('does not serve what a slow writer put below the cut', async () => {
    const positions = sleepAt(
      'findCut',
      () => true,
      async () => {
        await writeAndCompact()
        await writeFile(commitPath(directory, 2), JSON.stringify(commitAfter(first, 77)))
      },
    )
    await expect(readCommits(directory, positions, 1, 100)).rejects.toMatchObject({
      code: 'compacted',
      cut: { revision: 9 },
    })
  })
})

describe('a writer whose folder cannot be synced', () => {
  it('does not acknowledge the commit, which is there all the same', async () => {
    const commit = commitAfter(first)
    const failing = appendCommit(directory, createPositions(directory), commit, {
      ...durability,
      sync: () => Promise.reject(new Error('EIO')),
    })
    await expect(failing).rejects.toMatchObject({ code: 'append_unknown' })
    expect(JSON.parse(await readFile(commitPath(directory, 2), 'utf8'))).toEqual(commit)
  })
})
