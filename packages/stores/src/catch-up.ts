import { SluiceError } from '@sluice/core'
import type { Head } from './chain.ts'
import { type Events, type ResetReason, toStoreError } from './events.ts'
import { createFold, type Fold } from './fold.ts'
import { readNext } from './log-reader.ts'
import type { FollowedStore } from './patient-store.ts'
import { checkSnapshot } from './snapshot.ts'
import type { Commit, Snapshot } from './store.ts'

/** The one place where the fold in service lives and is exchanged. */
export interface State {
  fold: Fold
}

/** Keeps the state in step with the store; told of everything through events. */
export interface CatchUp {
  /** Reads until there is nothing new. Never run twice at once. */
  run(): Promise<void>
  /** Folds in verified commits that follow one another; those known already are passed over. */
  take(commits: readonly Commit[]): void
  /** Exchanges the whole state. */
  reset(fold: Fold, reason: ResetReason): void
}

export function createCatchUp(store: FollowedStore, state: State, events: Events): CatchUp {
  let hasTriedSnapshot = false

  async function run(): Promise<void> {
    // A new reader need not fold the whole log.
    if (state.fold.head.revision === 0 && !hasTriedSnapshot) {
      const snapshot = await readUsableSnapshot()
      hasTriedSnapshot = true
      if (snapshot !== undefined && state.fold.head.revision === 0) {
        const fold = createFold(snapshot)
        const next = await readNext(store, fold.head)
        // A snapshot of another log, left behind by a restored backup, must not come into service.
        if (next.kind !== 'other_log') reset(fold, 'snapshot')
        if (next.kind === 'commits') take(next.commits)
      }
    }
    while (await step()) {
      // Each step goes on where the last one ended.
    }
  }

  /** @returns whether there may be more. */
  async function step(): Promise<boolean> {
    const { head } = state.fold
    const next = await readNext(store, head)
    switch (next.kind) {
      case 'commits':
        take(next.commits)
        return next.commits.length > 0
      case 'compacted':
        reset(createFold(await readSnapshotBeyond(next.cut)), 'snapshot')
        return true
      case 'other_log': {
        const fold = await foldAnew()
        if (fold.head.revision === 0) throw lost(head)
        // Our own commit may have moved the head while we read; then look again.
        if (state.fold.head !== head) return true
        reset(fold, 'log_replaced')
        events.tell('log.replaced', { from: head, to: fold.head })
        return true
      }
    }
  }

  /** Folds the store's log from its beginning, beside the state in service. */
  async function foldAnew(): Promise<Fold> {
    const snapshot = await readUsableSnapshot()
    const fromSnapshot = snapshot && (await foldAll(createFold(snapshot)))
    return fromSnapshot ?? (await foldAll(createFold())) ?? createFold()
  }

  /** @returns nothing where the log does not go on from the fold. */
  async function foldAll(fold: Fold): Promise<Fold | undefined> {
    for (;;) {
      const next = await readNext(store, fold.head)
      if (next.kind === 'other_log') return undefined
      if (next.kind === 'compacted') return foldAll(createFold(await readSnapshotBeyond(next.cut)))
      if (next.commits.length === 0) return fold
      for (const commit of next.commits) fold.add(commit)
    }
  }

  async function readUsableSnapshot(): Promise<Snapshot | undefined> {
    try {
      const snapshot = await store.readSnapshot()
      return snapshot && checkSnapshot(snapshot, 'the store')
    } catch (error) {
      const known = toStoreError(error)
      if (known.code !== 'corrupt_snapshot') throw known
      // The log itself may still be whole.
      events.tell('error', known)
      return undefined
    }
  }

  async function readSnapshotBeyond(cut: Head): Promise<Snapshot> {
    const snapshot = await readUsableSnapshot()
    if (snapshot !== undefined && snapshot.revision >= cut.revision) {
      // One of another log must not come into service, here neither.
      const { kind } = await readNext(store, snapshot)
      if (kind !== 'other_log') return snapshot
    }
    throw new SluiceError(
      'snapshot_missing',
      `Commits up to revision ${cut.revision} were compacted and no valid snapshot of this log covers ` +
        'them: restore the snapshot from a backup.',
    )
  }

  function take(commits: readonly Commit[]): void {
    for (const commit of commits) {
      // A commit of our own may have been folded in while this one was on its way.
      if (commit.previousHash !== state.fold.head.hash) continue
      state.fold.add(commit)
      events.tell(
        'change',
        commit,
        commit.changes.map((change) => change.key),
      )
    }
  }

  function reset(fold: Fold, reason: ResetReason): void {
    state.fold = fold
    events.tell('reset', fold.head, reason)
  }

  return { run, take, reset }
}

function lost(head: Head): SluiceError {
  return new SluiceError(
    'log_lost',
    `The store is empty, though its log had reached revision ${head.revision}. The last known state ` +
      'stays in service: restore the log from a backup, or restart without the cache to begin anew.',
  )
}
