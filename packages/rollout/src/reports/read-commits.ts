import {
  type ArchivedCommit,
  type Commit,
  getCut,
  type Replica,
  readArchive,
  type Store,
} from '@sluice/stores'

/**
 * Where commits are read from: a store, page by page; a replica, which reads its store into memory; or commits, oldest
 * first.
 */
export type CommitSource =
  | Pick<Store, 'read'>
  | Pick<Replica, 'history'>
  | Iterable<Commit>
  | AsyncIterable<Commit>

/** What is read beside the log. */
export interface ReadOptions {
  /** The folder that compactions and retention wrote: what the log no longer holds. */
  readonly archive?: string | undefined
  /** Only what comes after this revision. Default 0. */
  readonly after?: number | undefined
}

/** Commits per request: little enough to hold, enough not to wait for each. */
const pageSize = 200

/**
 * The commits of the archive and then of the log, oldest first, each revision once; expired ones as the hashes that are
 * left of them. Only a page at a time is in memory, but for a replica.
 *
 * @throws SluiceError `corrupt_archive`; whatever the store throws.
 */
export async function* readCommits(
  source: CommitSource,
  { archive, after = 0 }: ReadOptions = {},
): AsyncGenerator<ArchivedCommit> {
  let reached = after
  if (archive !== undefined) {
    for await (const line of readArchive(archive)) {
      if (line.revision <= reached) continue
      reached = line.revision
      yield line
    }
  }
  for await (const commit of readLog(source, reached)) {
    if (commit.revision > reached) yield commit
  }
}

async function* readLog(source: CommitSource, after: number): AsyncGenerator<Commit> {
  if ('read' in source) yield* readStore(source, after)
  else if ('history' in source) yield* await source.history('')
  else yield* source
}

/** What was compacted away, before or meanwhile, is passed over. */
async function* readStore(store: Pick<Store, 'read'>, after: number): AsyncGenerator<Commit> {
  let reached = after
  for (;;) {
    let page: Commit[]
    try {
      page = await store.read(reached, pageSize)
    } catch (error) {
      const cut = getCut(error)
      if (cut === undefined || cut.revision <= reached) throw error
      reached = cut.revision
      continue
    }
    const last = page.at(-1)
    if (last === undefined || last.revision <= reached) return
    yield* page
    reached = last.revision
  }
}
