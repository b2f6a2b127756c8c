import { type ArchivedCommit, isExpired, readArchive } from './archive.ts'
import { findHashFault, type Head } from './chain.ts'
import type { LogCheck, SoundLog } from './verify-log.ts'

/**
 * Verifies that an archive leads, link by link, to where a log begins.
 *
 * What expired cannot be hashed any more; its links are held to those around it.
 *
 * @param log The check of the log itself.
 * @param expectedHead Held against the archive where it stands before the log's beginning.
 */
export async function verifyArchive(
  folder: string,
  log: SoundLog,
  expectedHead: Head | undefined,
): Promise<LogCheck> {
  const bad = (revision: number, because: string): LogCheck => ({ ok: false, revision, because })
  let from: Head | undefined
  let head: Head | undefined
  try {
    for await (const line of readArchive(folder)) {
      // The rest was archived by a compaction that did not come to its end, and is still in the log.
      if (line.revision > log.from.revision) break
      from ??= { revision: line.revision - 1, hash: line.previousHash }
      const fault = findFault(line, head ?? from)
      if (fault !== undefined) return bad((head ?? from).revision + 1, fault)
      head = line
      if (expectedHead?.revision === head.revision && expectedHead.hash !== head.hash) {
        return bad(head.revision, 'it is not the commit that was expected there')
      }
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'corrupt_archive') throw error
    return bad((head?.revision ?? 0) + 1, (error as Error).message)
  }
  if (from === undefined || head === undefined) return log
  if (head.revision < log.from.revision) {
    const because = `the archive ends there, and the log begins after ${log.from.revision}`
    return bad(head.revision + 1, because)
  }
  if (head.hash !== log.from.hash) return bad(head.revision, 'the log names another hash for it')
  return { ok: true, head: log.head, from }
}

function findFault(line: ArchivedCommit, head: Head): string | undefined {
  if (line.revision !== head.revision + 1) return `expected there, found ${line.revision}`
  if (line.previousHash !== head.hash) return 'it names another hash for the commit before it'
  return isExpired(line) ? undefined : findHashFault(line)
}
