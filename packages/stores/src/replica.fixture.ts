import assert from 'node:assert/strict'
import type { CompactableStore } from './compaction.ts'
import type { CommitDraft } from './draft.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { createMemoryStore } from './memory.ts'
import { createReplica } from './replica.ts'
import type { Replica, ReplicaOptions } from './replica-contract.ts'
import type { Store } from './store.ts'

/** A memory store under a manual clock, and replicas that must leave nothing behind. */
export interface ReplicaFixture {
  readonly clock: ManualClock
  readonly store: CompactableStore
  /** Creates a replica of the store, closed after the test. */
  open(options?: Partial<ReplicaOptions>): Replica
  /** The store with some methods exchanged. */
  storeWith(methods: Partial<Store>): Store
}

/** The hooks of the test runner; handed in, so that only test files import it. */
export interface Hooks {
  readonly beforeEach: (body: () => void) => unknown
  readonly afterEach: (body: () => Promise<void>) => unknown
}

/** Sets up a fixture anew for each test of the file. */
export function useReplicas({ beforeEach, afterEach }: Hooks): ReplicaFixture {
  let clock = createManualClock()
  let store = createMemoryStore()
  let replicas: Replica[] = []

  beforeEach(() => {
    clock = createManualClock()
    store = createMemoryStore()
    replicas = []
  })
  afterEach(async () => {
    for (const replica of replicas) await replica.close()
    assert.equal(clock.pendingTimers, 0, 'timers left after close')
  })

  return {
    get clock() {
      return clock
    },
    get store() {
      return store
    },
    open(options = {}) {
      const replica = createReplica({ store, clock, ...options })
      replicas.push(replica)
      return replica
    },
    storeWith: (methods) => ({ ...store, ...methods }),
  }
}

/** A draft that sets one key. */
export function set(key: string, value: unknown, actor = 'ann'): CommitDraft {
  const changes = [{ key, value: value as null }]
  return { actor, action: 'set', reason: 'a test', changes }
}
