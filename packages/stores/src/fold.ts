import type { Json } from '@sluice/core'
import { genesis, type Head } from './chain.ts'
import type { Commit, Snapshot, SnapshotEntry } from './store.ts'

/** A key's value and the revision that wrote it. */
export interface Entry {
  readonly value: Json
  readonly revision: number
}

/** An entry together with its key. */
export interface KeyedEntry extends Entry {
  readonly key: string
}

/** Who last wrote a key, and at which revision. */
export interface LastWrite {
  readonly revision: number
  /** Unknown where the write came from a snapshot. */
  readonly actor?: string
}

interface Slot extends SnapshotEntry {
  readonly actor?: string
}

/** The state that a log's commits add up to. */
export interface Fold {
  readonly head: Head
  get(key: string): Entry | undefined
  /** Live entries under a prefix, by key. */
  entries(prefix: string): KeyedEntry[]
  /** The last write of a key, even if it deleted it; nothing where it was never written. */
  lastWrite(key: string): LastWrite | undefined
  /** Every key ever written; deleted ones with the value null. */
  slots(): Iterable<SnapshotEntry>
  /** Adds a commit that the caller has verified to follow `head`. */
  add(commit: Commit): void
}

/** Creates a fold of nothing, or of the commits that a verified snapshot stands for. */
export function createFold(snapshot?: Snapshot): Fold {
  let head: Head = genesis
  const slots = new Map<string, Slot>()
  if (snapshot !== undefined) {
    head = toHead(snapshot)
    for (const entry of snapshot.entries) slots.set(entry.key, entry)
  }

  return {
    get head() {
      return head
    },

    get(key) {
      const slot = slots.get(key)
      return slot === undefined || slot.value === null ? undefined : slot
    },

    entries(prefix) {
      const found: KeyedEntry[] = []
      for (const slot of slots.values()) {
        if (slot.value !== null && slot.key.startsWith(prefix)) found.push(slot)
      }
      return found.sort((one, other) => (one.key < other.key ? -1 : 1))
    },

    lastWrite(key) {
      return slots.get(key)
    },

    *slots() {
      for (const { key, value, revision } of slots.values()) yield { key, value, revision }
    },

    add(commit) {
      const { revision, actor } = commit
      for (const { key, value } of commit.changes) {
        slots.set(key, Object.freeze({ key, value, revision, actor }))
      }
      head = toHead(commit)
    },
  }
}

function toHead({ revision, hash }: Head): Head {
  return Object.freeze({ revision, hash })
}
