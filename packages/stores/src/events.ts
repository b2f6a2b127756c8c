import { isSluiceError, SluiceError } from '@sluice/core'
import type { Head } from './chain.ts'
import { createEmitter, type Emitter } from './emitter.ts'
import type { Commit } from './store.ts'

/** How good a replica's answers are. */
export type ReplicaStatus =
  /** Caught up with the store at the last look. */
  | 'live'
  /** The last known good state, from before the store was lost or from the cache on disk. */
  | 'cached'
  /** Nothing known yet. */
  | 'defaults'

/** Why a replica's state was exchanged as a whole. */
export type ResetReason = 'cache' | 'snapshot' | 'log_replaced'

/** What a replica tells, and with which arguments. */
export interface ReplicaEvents {
  /**
   * One commit was folded in; the replica stands exactly at it while listeners run.
   *
   * Once per revision, in order. Every change of state is told by this or by `reset`.
   */
  change: (commit: Commit, keys: readonly string[]) => void
  /** The state was exchanged as a whole, without a `change` for each commit: read everything anew. */
  reset: (head: Head, reason: ResetReason) => void
  status: (status: ReplicaStatus) => void
  /**
   * Something failed and the last good state stays in service: `store_unreachable` (with `cause`),
   * `broken_chain`, `log_lost`, `corrupt_snapshot`, `corrupt_cache`, `cache_write_failed`,
   * `snapshot_failed`, `listener_failed`, or the store's own code. Retries go on regardless.
   */
  error: (error: SluiceError) => void
  /** The store holds another log than before (a restored backup), and the replica has taken it over. */
  'log.replaced': (change: { readonly from: Head; readonly to: Head }) => void
}

/** What hands out a replica's events. */
export type Events = Emitter<ReplicaEvents>

export function createEvents(): Events {
  const events: Events = createEmitter((name, cause) => {
    events.tell('error', listenerFailed(name, cause))
  })
  return events
}

/** Whatever was thrown by a store, as a {@link SluiceError}; its own errors pass unchanged. */
export function toStoreError(cause: unknown): SluiceError {
  if (isSluiceError(cause)) return cause
  return new SluiceError(
    'store_unreachable',
    `The store did not answer: ${textOf(cause)}. The last known state stays in service.`,
    { cause },
  )
}

/** What a listener threw, as an error that the other listeners can be told. */
export function listenerFailed(name: string, cause: unknown): SluiceError {
  const text = textOf(cause)
  return new SluiceError('listener_failed', `A listener of "${name}" threw: ${text}.`, { cause })
}

/** What can be said of something that was thrown, which may be anything. */
function textOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause)
  } catch {
    return 'something without a text'
  }
}
