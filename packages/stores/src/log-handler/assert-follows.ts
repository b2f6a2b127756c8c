import { SluiceError } from '@sluice/core'
import { genesisHash } from '../chain.ts'
import { getCut } from '../compaction.ts'
import type { Commit, Store } from '../store.ts'

/**
 * Holds a commit to the one that is before it: whoever may append may not break the chain, and with it
 * the log of everybody else. Positions beyond the log's end are left to the store.
 *
 * @throws SluiceError `conflict`.
 */
export async function assertFollows(
  store: Store,
  { revision, previousHash }: Commit,
): Promise<void> {
  const expected = revision === 1 ? genesisHash : await hashAt(store, revision - 1)
  if (expected === undefined || expected === previousHash) return
  throw new SluiceError(
    'conflict',
    `Revision ${revision} does not follow the log's revision ${revision - 1}: catch up and try again.`,
  )
}

async function hashAt(store: Store, revision: number): Promise<string | undefined> {
  try {
    const [commit] = await store.read(revision - 1, 1)
    return commit?.hash
  } catch (error) {
    const cut = getCut(error)
    if (cut === undefined) throw error
    return cut.revision === revision ? cut.hash : undefined
  }
}
