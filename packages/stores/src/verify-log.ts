import { findLinkFault, genesis, type Head } from './chain.ts'
import { createFold } from './fold.ts'
import { isDamage } from './log-reader.ts'
import { findCut, pageSize } from './pages.ts'
import { isCommit } from './shape.ts'
import { sealSnapshot } from './snapshot.ts'
import type { Commit, Snapshot, Store } from './store.ts'
import { verifyArchive } from './verify-archive.ts'

/** What a check of a log found. */
export type LogCheck = SoundLog | BrokenLog

/** A log that verifies. */
export interface SoundLog {
  readonly ok: true
  readonly head: Head
  /** Where the check began: revision 0, or the last commit before what is still there. */
  readonly from: Head
}

/** A log that does not. */
export interface BrokenLog {
  readonly ok: false
  /** The first position that does not verify; 0 where the log's beginning or its snapshot is damaged. */
  readonly revision: number
  readonly because: string
}

/** What else to hold the log to. */
export interface VerifyOptions {
  /**
   * A head noted earlier, outside the log: it must still stand in the chain. A chain by itself cannot
   * show that its end was cut off, or that all of it was written anew.
   */
  readonly expectedHead?: Head | undefined
  /** The folder that a store's compactions archived to: the chain is then verified from its beginning. */
  readonly archive?: string | undefined
}

/**
 * Verifies a log from its first commit (or its last cut) to its end: positions, hashes, the chain
 * between them, and the store's snapshot against what the commits add up to.
 *
 * @throws SluiceError Only where the store cannot be read; what it reads and cannot trust is answered.
 */
export async function verifyLog(
  log: Store | Iterable<Commit>,
  { expectedHead, archive }: VerifyOptions = {},
): Promise<LogCheck> {
  if (!('append' in log)) return verifyPages(genesis, [[...log]], undefined, expectedHead)
  const check = await verifyStore(log, expectedHead)
  return check.ok && archive !== undefined ? verifyArchive(archive, check, expectedHead) : check
}

async function verifyStore(store: Store, expectedHead: Head | undefined): Promise<LogCheck> {
  let snapshot: Snapshot | undefined
  try {
    snapshot = await store.readSnapshot()
  } catch (error) {
    if (codeOf(error) !== 'corrupt_snapshot') throw error
    return { ok: false, revision: 0, because: (error as Error).message }
  }
  let from = genesis
  try {
    from = await findCut(store)
  } catch (error) {
    if (codeOf(error) === 'corrupt_cut') {
      return { ok: false, revision: 0, because: (error as Error).message }
    }
    // Anything else comes again, and is judged, at the first page.
  }
  if (from.revision > 0 && (snapshot === undefined || snapshot.revision < from.revision)) {
    const because = `commits up to ${from.revision} were compacted and no snapshot covers them`
    return { ok: false, revision: from.revision, because }
  }
  return verifyPages(from, readSoundPages(store, from.revision), snapshot, expectedHead)
}

async function* readSoundPages(store: Store, from: number): AsyncGenerator<readonly Commit[]> {
  for (let after = from; ; ) {
    const page = await readWhole(store, after)
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    after = last.revision
  }
}

async function readWhole(store: Store, after: number): Promise<Commit[]> {
  try {
    return await store.read(after, pageSize)
  } catch (error) {
    if (!isDamage(error)) throw error
    // One at a time from here, up to the damaged one.
    return store.read(after, 1)
  }
}

async function verifyPages(
  from: Head,
  pages: Iterable<readonly Commit[]> | AsyncIterable<readonly Commit[]>,
  snapshot: Snapshot | undefined,
  expectedHead: Head | undefined,
): Promise<LogCheck> {
  let head = from
  const fold = createFold()
  const bad = (revision: number, because: string): LogCheck => ({ ok: false, revision, because })
  const findHeadFault = () => {
    const faults = [snapshot, expectedHead].map(
      (other) => other?.revision === head.revision && other.hash !== head.hash,
    )
    if (faults[0]) return 'the snapshot names another hash for it'
    if (faults[1]) return 'it is not the commit that was expected there'
    if (from.revision > 0 || snapshot?.revision !== head.revision) return undefined
    const expected = sealSnapshot(head, fold.slots(), snapshot.at)
    return expected.checksum === snapshot.checksum
      ? undefined
      : 'the snapshot does not hold what the commits add up to'
  }
  const startFault = findHeadFault()
  if (startFault !== undefined) return bad(from.revision, startFault)
  try {
    for await (const page of pages) {
      for (const commit of page) {
        const fault = isCommit(commit) ? findLinkFault(commit, head) : 'it is not a commit'
        if (fault !== undefined) return bad(head.revision + 1, fault)
        head = { revision: commit.revision, hash: commit.hash }
        fold.add(commit)
        const headFault = findHeadFault()
        if (headFault !== undefined) return bad(head.revision, headFault)
      }
    }
  } catch (error) {
    if (!isDamage(error)) throw error
    return bad(head.revision + 1, (error as Error).message)
  }
  const reached = Math.max(snapshot?.revision ?? 0, expectedHead?.revision ?? 0)
  if (reached > head.revision) {
    return bad(head.revision + 1, `the log ends at ${head.revision} and had reached ${reached}`)
  }
  return { ok: true, head, from }
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code
}
