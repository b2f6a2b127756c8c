import { SluiceError } from '@sluice/core'
import { type Head, hashCanonical } from './chain.ts'
import { freezeDeep } from './json-copy.ts'
import { isSnapshot } from './shape.ts'
import type { Snapshot, SnapshotEntry } from './store.ts'

/**
 * Makes a snapshot of entries at a head, with its checksum, frozen together with the values in it.
 *
 * @param entries Every key ever written; deleted ones with the value null.
 * @param at Epoch milliseconds.
 */
export function sealSnapshot(head: Head, entries: Iterable<SnapshotEntry>, at: number): Snapshot {
  const body = {
    revision: head.revision,
    hash: head.hash,
    at: Math.trunc(at),
    entries: Array.from(entries, (entry) => ({ ...entry })).sort((one, other) =>
      one.key < other.key ? -1 : 1,
    ),
  }
  return freezeDeep({ ...body, checksum: hashCanonical(body) })
}

/**
 * Takes a value read from outside for a snapshot, frozen.
 *
 * @param source What to name in the error: a file, a table.
 * @throws SluiceError `corrupt_snapshot` where the shape or the checksum is wrong.
 */
export function checkSnapshot(value: unknown, source: string): Snapshot {
  const fault = isSnapshot(value) ? findSnapshotFault(value) : 'it is not a snapshot'
  if (fault === undefined) return freezeDeep(value as Snapshot)
  throw new SluiceError(
    'corrupt_snapshot',
    `The snapshot in ${source} is damaged: ${fault}. Delete it; the next one takes its place.`,
  )
}

/** Says why the snapshot's checksum does not fit its content, or nothing if it does. */
export function findSnapshotFault(snapshot: Snapshot): string | undefined {
  const { checksum, ...body } = snapshot
  return hashCanonical(body) === checksum ? undefined : 'its checksum does not fit its content'
}
