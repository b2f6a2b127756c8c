import { type LogSource, readPagesLeft } from './pages.ts'
import type { Commit } from './store.ts'

/** Which keys a history is about: one key, a prefix that ends in `/`, or a test of the key. */
export type KeyMatch = string | ((key: string) => boolean)

/**
 * Reads the commits that touched a key, oldest first, from as far back as the store still holds.
 *
 * @param match The empty string matches every commit.
 * @throws SluiceError Whatever the store throws.
 */
export async function readHistory(log: LogSource, match: KeyMatch): Promise<Commit[]> {
  const matches = toTest(match)
  const found: Commit[] = []
  for await (const page of readPagesLeft(log, 0)) found.push(...page.filter(matches))
  return found
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
