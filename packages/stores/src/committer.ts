import { SluiceError } from '@sluice/core'
import { type Head, sealCommit } from './chain.ts'
import type { Clock } from './clock.ts'
import { getCut } from './compaction.ts'
import { type CheckedDraft, type CommitDraft, checkDraft } from './draft.ts'
import { toStoreError } from './events.ts'
import type { Fold } from './fold.ts'
import type { FollowedStore } from './patient-store.ts'
import { type Commit, refusalCodes } from './store.ts'

/** On what a commit rests. */
export interface CommitOptions {
  /**
   * Keys the decision was made from: the commit is refused if one of them was written after
   * `basedOn`, be it deleted. Default: the keys the draft changes.
   */
  readonly dependsOn?: readonly string[] | undefined
  /** The revision the decision was made at. Default: the head when the call was made. */
  readonly basedOn?: number | undefined
}

/** What a committer needs of its replica. */
export interface CommitterOptions {
  readonly store: FollowedStore
  readonly clock: Clock
  readonly random: () => number
  readonly fold: () => Fold
  /** Whether the fold has been in step with the store at least once. */
  readonly hasCaughtUp: () => boolean
  readonly refresh: () => Promise<void>
  /** Folds in a commit that is in the log. */
  readonly take: (commits: readonly Commit[]) => void
  readonly assertOpen: () => void
}

/** Writes drafts to the log, one at a time. */
export interface Committer {
  commit(draft: CommitDraft, options?: CommitOptions): Promise<Commit>
  /** Resolves once nothing is being written any more. */
  idle(): Promise<void>
}

/** Further tries of the same commit after an append whose outcome was not seen. */
const maxUnseen = 3

/** The first pause between such tries; a short fault of disk or network is over by then. */
const unseenPauseMs = 100

/** Refused appends in a row with nothing new to read, after which the store contradicts itself. */
const maxStalls = 5

/** Creates a committer. */
export function createCommitter(options: CommitterOptions): Committer {
  const { store, clock, random, fold, refresh, take, assertOpen } = options
  let previous: Promise<unknown> = Promise.resolve()

  async function commit(draft: CommitDraft, rests: CommitOptions = {}): Promise<Commit> {
    assertOpen()
    const checked = checkDraft(draft)
    const dependsOn = rests.dependsOn ?? checked.changes.map((change) => change.key)
    // A state from the cache was decided from, too.
    const isKnown = options.hasCaughtUp() || fold().head.revision > 0
    const decidedFrom = isKnown ? fold() : undefined
    const basedOn = rests.basedOn ?? decidedFrom?.head.revision
    // One at a time: commits of one replica would only race each other for the position.
    const turn = previous.then(() => write(checked, [...dependsOn], basedOn, decidedFrom))
    previous = turn.catch(() => {})
    return turn
  }

  async function write(
    draft: CheckedDraft,
    dependsOn: readonly string[],
    decidedAt: number | undefined,
    decidedFrom: Fold | undefined,
  ): Promise<Commit> {
    if (!options.hasCaughtUp()) await refresh()
    let base = decidedFrom ?? fold()
    const basedOn = decidedAt ?? base.head.revision
    let stalls = 0
    for (;;) {
      // A state that was exchanged as a whole may be another log's, where no revision means the same.
      while (fold() !== base && dependsOn.length > 0) base = await goOn(base, dependsOn)
      assertOpen()
      assertUntouched(fold(), dependsOn, basedOn)
      const { head } = fold()
      const commit = sealCommit(draft, head, clock.now(), createNonce(random))
      if (await place(commit)) {
        take([commit])
        // Only where the log was exchanged meanwhile is the commit not the next one.
        if (fold().head.revision < commit.revision) await lookAgain(commit)
        return commit
      }
      await refresh()
      stalls = isSame(fold().head, head) ? stalls + 1 : 0
      if (stalls >= maxStalls) throw stalled(commit)
      if (stalls > 0) await pause(stalls)
    }
  }

  /** It was written, so no error but this one may be told of it. */
  async function lookAgain(commit: Commit): Promise<void> {
    try {
      await refresh()
    } catch (cause) {
      throw outcomeUnknown(commit, toStoreError(cause))
    }
  }

  /**
   * @returns the state in service, of the same log as the one that it took the place of.
   * @throws SluiceError `conflict`, or what the store throws.
   */
  async function goOn(from: Fold, dependsOn: readonly string[]): Promise<Fold> {
    const next = fold()
    const { revision, hash } = from.head
    if (revision === 0) return next
    try {
      const [there] = await store.read(revision - 1, 1)
      if (there?.hash !== hash) throw replaced(from.head, dependsOn)
    } catch (error) {
      // What was dropped cannot be seen any more: the snapshot is taken to go on from it.
      if (getCut(error) === undefined) throw toStoreError(error)
    }
    return next
  }

  /**
   * Puts the commit at its position.
   *
   * An append whose outcome was not seen is made again, unchanged, until the position is seen to hold
   * this commit or another one: so it is neither doubled nor wrongly acknowledged.
   *
   * @returns whether the commit is in the log; false where another one took the position.
   */
  async function place(commit: Commit): Promise<boolean> {
    for (let unseen = 0; ; unseen += 1) {
      let reason: SluiceError
      try {
        await store.append(commit)
        return true
      } catch (error) {
        reason = toStoreError(error)
      }
      if (unseen === 0 && refusalCodes.has(reason.code)) {
        if (reason.code === 'conflict') return false
        throw reason
      }
      const found = await look(commit)
      if (found === 'ours') return true
      if (found === 'other' || (found === 'empty' && reason.code === 'conflict')) return false
      if (unseen >= maxUnseen || reason.code === 'replica_closed') {
        throw outcomeUnknown(commit, reason)
      }
      if (unseen > 0) await pause(unseen)
    }
  }

  async function look(commit: Commit): Promise<'ours' | 'other' | 'empty' | 'unknown'> {
    try {
      const [there] = await store.read(commit.revision - 1, 1)
      if (there === undefined) return 'empty'
      return there.hash === commit.hash ? 'ours' : 'other'
    } catch {
      // Unreachable, or compacted already: the next append tells more.
      return 'unknown'
    }
  }

  function pause(times: number): Promise<void> {
    const delayMs = unseenPauseMs * 2 ** times * (0.5 + random() / 2)
    return new Promise((resolve) => void clock.after(delayMs, resolve, { keepsAlive: true }))
  }

  return {
    commit,
    idle: async () => {
      await previous
    },
  }
}

function assertUntouched(fold: Fold, dependsOn: readonly string[], basedOn: number): void {
  for (const key of dependsOn) {
    const last = fold.lastWrite(key)
    if (last === undefined || last.revision <= basedOn) continue
    const found = `revision ${last.revision} by ${last.actor ?? 'a commit before the snapshot'}`
    throw new SluiceError(
      'conflict',
      `Not written: ${key} was changed at ${found}, after revision ${basedOn} on which this ` +
        'decision rests. Read it again and decide anew.',
      { expected: `${key} unchanged since revision ${basedOn}`, found },
    )
  }
}

function replaced({ revision }: Head, dependsOn: readonly string[]): SluiceError {
  return new SluiceError(
    'conflict',
    `Not written: the log was replaced, and revision ${revision}, which this decision on ` +
      `${dependsOn.join(', ')} rests on, is not in it. Read it again and decide anew.`,
    { expected: `a log that holds revision ${revision}`, found: 'another log' },
  )
}

function createNonce(random: () => number): string {
  const word = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return word() + word()
}

function isSame(one: Head, other: Head): boolean {
  return one.revision === other.revision && one.hash === other.hash
}

function outcomeUnknown(commit: Commit, cause: SluiceError): SluiceError {
  return new SluiceError(
    'outcome_unknown',
    `Whether revision ${commit.revision} (${commit.action}) was written could not be seen: ` +
      `${cause.message} Look at the log before trying again.`,
    { cause },
  )
}

function stalled(commit: Commit): SluiceError {
  return new SluiceError(
    'store_inconsistent',
    `The store refuses revision ${commit.revision} and shows nothing newer: its reads lag behind its ` +
      'writes, or it is damaged. Nothing was written.',
  )
}
