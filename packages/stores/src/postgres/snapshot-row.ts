import { parseJson } from '../parse-json.ts'
import { checkSnapshot } from '../snapshot.ts'
import type { Snapshot } from '../store.ts'
import type { Ask } from './client.ts'
import type { Names } from './names.ts'

/**
 * Reads the snapshot; nothing where none was written.
 *
 * @throws SluiceError `corrupt_snapshot`.
 */
export async function readSnapshotRow(ask: Ask, names: Names): Promise<Snapshot | undefined> {
  const { rows } = await ask('read the snapshot', `SELECT body FROM ${names.snapshot}`)
  const [row] = rows as { body: string }[]
  return row && checkSnapshot(parseJson(row.body), `the table ${names.snapshot}`)
}

/** Keeps the snapshot unless a newer one is there. */
export async function writeSnapshotRow(ask: Ask, names: Names, snapshot: Snapshot): Promise<void> {
  await ask(
    'write the snapshot',
    `INSERT INTO ${names.snapshot} AS kept (revision, body) VALUES ($1::bigint, $2::text)
     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, body = excluded.body
       WHERE kept.revision <= excluded.revision`,
    [snapshot.revision, JSON.stringify(snapshot)],
  )
}
