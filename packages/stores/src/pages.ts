import { SluiceError } from '@sluice/core'
import { genesis, type Head } from './chain.ts'
import { getCut } from './compaction.ts'
import type { Commit, Store } from './store.ts'

/** Commits per request: enough to catch up fast, little enough to hold in memory at 1 MB each. */
export const pageSize = 200

/** What reads a log. */
export type LogSource = Pick<Store, 'read'>

/**
 * The commits after a revision, page by page, to the end of the log.
 *
 * @throws SluiceError `compacted` where they were dropped; `store_inconsistent` where the store answers
 * with others; whatever else the store throws.
 */
export async function* readPages(
  log: LogSource,
  after: number,
): AsyncGenerator<readonly Commit[], void> {
  let reached = after
  for (;;) {
    const page = await log.read(reached, pageSize)
    const last = page.at(-1)
    if (last === undefined) return
    if (!(last.revision > reached)) throw notAfter(reached, last.revision)
    yield page
    reached = last.revision
  }
}

/** The same for what is still there: what was dropped, before or meanwhile, is passed over. */
export async function* readPagesLeft(
  log: LogSource,
  after: number,
): AsyncGenerator<readonly Commit[], void> {
  let reached = after
  for (;;) {
    try {
      for await (const page of readPages(log, reached)) {
        yield page
        reached = (page.at(-1) as Commit).revision
      }
      return
    } catch (error) {
      const cut = getCut(error)
      if (cut === undefined || cut.revision <= reached) throw error
      reached = cut.revision
    }
  }
}

/** Where a log begins: after the last commit that a compaction dropped, or at `genesis`. */
export async function findCut(log: LogSource): Promise<Head> {
  try {
    await log.read(0, 1)
    return genesis
  } catch (error) {
    const cut = getCut(error)
    if (cut === undefined) throw error
    return cut
  }
}

function notAfter(after: number, found: number): SluiceError {
  return new SluiceError(
    'store_inconsistent',
    `The store was asked for what comes after revision ${after} and ended with ${found}.`,
    { expected: `revisions above ${after}`, found: String(found) },
  )
}
