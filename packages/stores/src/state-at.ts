import { SluiceError } from '@sluice/core'
import { type ArchivedCommit, isExpired, readArchive } from './archive.ts'
import { createFold, type Fold } from './fold.ts'
import { type LogSource, readPagesLeft } from './pages.ts'
import type { Store } from './store.ts'

/** From where the past is read. */
export interface PastOptions {
  /** The folder that the store's compactions archived to, for what the store dropped. */
  readonly archive?: string | undefined
}

/**
 * Folds a log up to the last commit that was written no later than an instant.
 *
 * @param at Epoch milliseconds, by the clocks of those who wrote.
 * @throws SluiceError `compacted` where the commits that lead there are no longer to be had.
 */
export async function readStateAt(
  store: Pick<Store, 'read' | 'readSnapshot'>,
  at: number,
  options: PastOptions = {},
): Promise<Fold> {
  try {
    return await readOnce(store, at, options)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'compacted') throw error
    // A compaction may have come in between.
    return readOnce(store, at, options)
  }
}

async function readOnce(
  store: Pick<Store, 'read' | 'readSnapshot'>,
  at: number,
  { archive }: PastOptions,
): Promise<Fold> {
  const snapshot = await store.readSnapshot()
  // The clocks of two writers may differ: what counts is the order of the log.
  let last = 0
  let first: number | undefined
  let next = 1
  let snapshotHash = snapshot?.hash
  for await (const commit of readAll(store, archive)) {
    first ??= commit.revision
    if (commit.at <= at) last = commit.revision
    if (commit.revision === next && !isExpired(commit)) next += 1
    if (commit.revision === snapshot?.revision) snapshotHash = commit.hash
  }
  const isWhole = (first ?? 1) === 1 && next > last
  const isUsable =
    snapshot !== undefined && snapshot.revision <= last && snapshot.hash === snapshotHash
  if (!isWhole && !isUsable) throw beyond(last)
  return foldUpTo(createFold(isWhole ? undefined : snapshot), readAll(store, archive), last)
}

async function foldUpTo(
  fold: Fold,
  commits: AsyncIterable<ArchivedCommit>,
  last: number,
): Promise<Fold> {
  for await (const commit of commits) {
    if (commit.revision > last) break
    if (commit.revision <= fold.head.revision) continue
    // Part of an archive may be missing, or a compaction may have come in between.
    if (isExpired(commit) || commit.previousHash !== fold.head.hash) throw beyond(last)
    fold.add(commit)
  }
  return fold
}

/** The archive and then the log, each revision once. */
async function* readAll(
  log: LogSource,
  archive: string | undefined,
): AsyncGenerator<ArchivedCommit> {
  let reached = 0
  if (archive !== undefined) {
    for await (const line of readArchive(archive)) {
      yield line
      reached = line.revision
    }
  }
  // Where a part is missing in between, the chain tells.
  for await (const page of readPagesLeft(log, reached)) yield* page
}

function beyond(revision: number): SluiceError {
  return new SluiceError(
    'compacted',
    `What led to revision ${revision} is no longer in the log: name the archive that its ` +
      'compactions wrote, as far back as that.',
  )
}
