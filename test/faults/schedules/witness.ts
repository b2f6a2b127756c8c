import assert from 'node:assert/strict'
import type { Json } from '@sluice/core'
import { type Clock, type Commit, genesis, type Head, type Replica } from '@sluice/stores'
import type { ModelLog } from './model-log.ts'

/** Watches one replica from its creation on, and never takes its word for anything. */
export interface Witness {
  /** Counts how often the replica said that its log was replaced. */
  readonly replacements: number
  readonly hasBeenLive: boolean
  /** Fails where the state in service is not exactly what the commits up to the head add up to. */
  inspect(): void
}

/** What a witness knows better than its replica. */
export interface WitnessOptions {
  readonly log: ModelLog
  readonly clock: Clock
  /** How long it takes at most from the reading of a snapshot to its service. */
  readonly lookMs: number
}

/** Begins to watch a replica that was not used yet. */
export function watchReplica(replica: Replica, { log, clock, lookMs }: WitnessOptions): Witness {
  let head: Head = genesis
  let replacements = 0
  let hasBeenLive = false
  const faults: string[] = []

  replica.on('change', (commit, keys) => {
    if (commit.revision !== head.revision + 1 || commit.previousHash !== head.hash) {
      faults.push(`change told of ${commit.revision} after ${head.revision}`)
    }
    head = { revision: commit.revision, hash: commit.hash }
    if (replica.head.hash !== head.hash) faults.push(`not at ${head.revision} when that is told`)
    for (const { key, value } of commit.changes) {
      const now = replica.get(key)?.value ?? null
      if (now !== value) faults.push(`${key} is not as ${commit.revision} wrote it`)
    }
    if (keys.length !== commit.changes.length) faults.push('other keys than the commit changes')
  })
  replica.on('reset', (to, reason) => {
    head = to
    if (reason === 'log_replaced') replacements += 1
    // What was read before the log was replaced may still be on its way.
    const isOurs = log.whole[to.revision - 1]?.hash === to.hash
    if (!isOurs && clock.now() - log.replacedAt > lookMs) faults.push(`${reason} from another log`)
    if (to.revision === 0) faults.push('an empty log was taken over')
  })
  replica.on('status', (status) => {
    hasBeenLive ||= status === 'live'
  })
  replica.on('error', ({ code, message }) => {
    const isExpected = expected.has(code) || (log.era > 0 && expectedOfReplaced.has(code))
    if (!isExpected) faults.push(`${code}: ${message}`)
  })

  return {
    get replacements() {
      return replacements
    },
    get hasBeenLive() {
      return hasBeenLive
    },
    inspect() {
      assert.deepEqual(faults, [])
      assert.deepEqual({ ...replica.head }, { ...head }, 'every change of state is told')
      const entries = replica.entries().map(({ key, value, revision }) => [key, value, revision])
      assert.deepEqual(entries, foldTo(head, log), `the state at revision ${head.revision}`)
    },
  }
}

/** What the model itself lets fail. */
const expected = new Set(['store_unreachable', 'store_full', 'store_read_only'])

/** What an honest replica may say of a log that was replaced, also in the middle of its reading. */
const expectedOfReplaced = new Set(['broken_chain', 'log_lost', 'snapshot_missing'])

/** The entries that the commits up to a head add up to, in the order and form of a replica's. */
export function foldTo(head: Head, log: ModelLog): [string, Json, number][] {
  const found = new Map<string, [string, Json, number] | undefined>()
  for (const { changes, revision } of chainTo(head, log)) {
    for (const { key, value } of changes) {
      if (found.has(key)) continue
      found.set(key, value === null ? undefined : [key, value, revision])
    }
  }
  return [...found.values()]
    .filter((entry) => entry !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
}

/** The commits up to a head, newest first, by the hashes that they name. */
export function* chainTo(head: Head, log: ModelLog): Generator<Commit> {
  let { hash } = head
  while (hash !== genesis.hash) {
    const commit = log.known.get(hash)
    assert.ok(commit, 'a commit that no log ever held')
    yield commit
    hash = commit.previousHash
  }
}
