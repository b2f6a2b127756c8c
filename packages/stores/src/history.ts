import { getCut } from './compaction.ts'
import type { Commit, Store } from './store.ts'

/** Which keys a history is about: one key, a prefix that ends in `/`, or a test of the key. */
export type KeyMatch = string | ((key: string) => boolean)

/** Commits per request, as much as one may hold in memory at 1 MB each. */
const pageSize = 200

/**
 * Reads the commits that touched a key, oldest first, from as far back as the store still holds.
 *
 * @param match The empty string matches every commit.
 * @throws SluiceError Whatever the store throws.
 */
export async function readHistory(store: Pick<Store, 'read'>, match: KeyMatch): Promise<Commit[]> {
  const matches = toTest(match)
  const found: Commit[] = []
  let after = 0
  for (;;) {
    let page: Commit[]
    try {
      page = await store.read(after, pageSize)
    } catch (error) {
      const cut = getCut(error)
      // What was dropped is gone; go on above it.
      if (cut === undefined || cut.revision <= after) throw error
      after = cut.revision
      continue
    }
    const last = page.at(-1)
    if (last === undefined) return found
    found.push(...page.filter(matches))
    after = last.revision
  }
}

function toTest(match: KeyMatch): (commit: Commit) => boolean {
  if (match === '') return () => true
  const test =
    typeof match === 'function'
      ? match
      : match.endsWith('/')
        ? (key: string) => key.startsWith(match)
        : (key: string) => key === match
  return (commit) => commit.changes.some((change) => test(change.key))
}
