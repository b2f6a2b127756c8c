import { writeArchive } from './archive.ts'
import type { Head } from './chain.ts'
import { assertCompactable, type Compaction, type CompactOptions, getCut } from './compaction.ts'
import { readPages } from './pages.ts'
import type { Commit, Store } from './store.ts'

/** What a store does for {@link compactLog}. */
export interface Droppable extends Pick<Store, 'read' | 'readSnapshot'> {
  /** The last dropped commit; `genesis` where none was. */
  readCut(): Promise<Head>
  /**
   * Makes a cut durable and then drops every commit up to it; an older cut never takes the place of a
   * newer one. Called again with the same cut, it finishes what was interrupted.
   *
   * @returns how many commits this call dropped.
   */
  drop(cut: Head): Promise<number>
}

/** Compacts a store's log: verify, archive, cut. What a store's `compact` may simply call. */
export async function compactLog(
  store: Droppable,
  { keepAfter, archive }: CompactOptions,
): Promise<Compaction> {
  for (;;) {
    const cut = await store.readCut()
    try {
      const snapshot = await store.readSnapshot()
      const last = await lastToDrop(store, cut, keepAfter)
      if (last <= cut.revision) return { cut, dropped: await store.drop(cut) }
      const covered = readUpTo(store, cut.revision, snapshot?.revision ?? 0)
      const next = await assertCompactable(covered, cut, last, snapshot)
      if (archive !== undefined) {
        await writeArchive(archive, readUpTo(store, cut.revision, last), cut.revision, last)
      }
      return { cut: next, dropped: await store.drop(next) }
    } catch (error) {
      // Another compaction came first; begin again from its cut.
      const later = getCut(error)
      if (later === undefined || later.revision <= cut.revision) throw error
    }
  }
}

/** The newest commit stays: an append checks that the head it follows is there. */
async function lastToDrop(store: Droppable, cut: Head, keepAfter: number): Promise<number> {
  if (keepAfter <= cut.revision) return cut.revision
  const [beyond] = await store.read(keepAfter, 1)
  if (beyond !== undefined) return keepAfter
  let head = cut.revision
  for await (const { revision } of readUpTo(store, cut.revision, keepAfter)) head = revision
  return head - 1
}

async function* readUpTo(store: Droppable, after: number, last: number): AsyncGenerator<Commit> {
  for await (const page of readPages(store, after)) {
    yield* page.filter(({ revision }) => revision <= last)
    if ((page.at(-1) as Commit).revision >= last) return
  }
}
