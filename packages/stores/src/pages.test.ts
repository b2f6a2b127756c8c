import { describe, expect, it } from 'vitest'
import { genesis, sealCommit } from './chain.ts'
import { createMemoryStore } from './memory.ts'
import { findCut, readPages, readPagesLeft } from './pages.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit } from './store.ts'

const draft = { actor: 'ann', action: 'note', reason: 'a page', changes: [] }

async function storeOf(count: number) {
  const store = createMemoryStore()
  const commits: Commit[] = []
  for (let n = 1; n <= count; n += 1) {
    const commit = sealCommit(draft, commits.at(-1) ?? genesis, n)
    await store.append(commit)
    commits.push(commit)
  }
  const cutAt = async (keepAfter: number) => {
    await store.writeSnapshot(sealSnapshot(commits.at(-1)!, [], 1))
    await store.compact({ keepAfter })
  }
  return { store, commits, cutAt }
}

async function revisionsOf(pages: AsyncIterable<readonly Commit[]>): Promise<number[]> {
  const revisions: number[] = []
  for await (const page of pages) revisions.push(...page.map(({ revision }) => revision))
  return revisions
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, n) => first + n)

describe('the pages of a log', () => {
  it('hold every commit once, to the end', async () => {
    const { store } = await storeOf(450)
    expect(await revisionsOf(readPages(store, 0))).toEqual(upTo(450))
    expect(await revisionsOf(readPages(store, 449))).toEqual([450])
    expect(await revisionsOf(readPagesLeft(store, 450))).toEqual([])
  })

  it('begin at the cut where only what is left is asked for', async () => {
    const { store, cutAt } = await storeOf(9)
    expect(await findCut(store)).toEqual(genesis)
    await cutAt(6)
    expect(await findCut(store)).toMatchObject({ revision: 6 })
    await expect(revisionsOf(readPages(store, 0))).rejects.toMatchObject({ code: 'compacted' })
    expect(await revisionsOf(readPagesLeft(store, 0))).toEqual([7, 8, 9])
  })

  it('go on at the cut of a compaction that came in between', async () => {
    const { store, cutAt } = await storeOf(450)
    let calls = 0
    const busy = {
      read: async (after: number, limit?: number) => {
        calls += 1
        if (calls === 2) await cutAt(300)
        return store.read(after, limit)
      },
    }
    expect(await revisionsOf(readPagesLeft(busy, 0))).toEqual([...upTo(200), ...upTo(450, 301)])
  })

  it('end with an error where the store does not go on', async () => {
    const { store } = await storeOf(3)
    const stuck = { read: () => store.read(0) }
    for (const read of [readPages, readPagesLeft]) {
      await expect(revisionsOf(read(stuck, 0))).rejects.toMatchObject({
        code: 'store_inconsistent',
      })
    }
  })
})
