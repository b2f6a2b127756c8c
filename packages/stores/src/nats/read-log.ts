import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createCompactedError } from '../compaction.ts'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'
import type { StreamsLike } from './client.ts'
import { getMessages, parseJson } from './lanes.ts'

/**
 * Reads the commits after a revision.
 *
 * The stream's leader is asked how far the log goes and then for each message, never a replica that
 * may lag: whatever was acknowledged before is seen.
 *
 * @param readCut Asked only where commits are not there any more.
 * @throws SluiceError `compacted`, `corrupt_commit`, `missing_commit`.
 */
export async function readLog(
  streams: StreamsLike,
  log: string,
  readCut: () => Promise<Head>,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const { state } = await streams.info(log)
  const last = Math.min(state.last_seq, after + limit)
  if (last <= after) return []
  if (after + 1 < state.first_seq) throw await gone(after + 1)
  const messages = await getMessages(streams, log, after + 1, last)
  const commits: Commit[] = []
  for (const [index, message] of messages.entries()) {
    const revision = after + index + 1
    if (message === null) throw await gone(revision)
    commits.push(toCommit(log, revision, message.data))
  }
  return commits

  /** The cut is written before anything is dropped. */
  async function gone(revision: number): Promise<SluiceError> {
    const cut = await readCut()
    return after < cut.revision ? createCompactedError(cut) : missing(log, revision)
  }
}

function toCommit(log: string, revision: number, data: Uint8Array): Commit {
  const value = parseJson(data)
  if (isCommit(value) && value.revision === revision) return value
  throw new SluiceError(
    'corrupt_commit',
    `Revision ${revision} in the stream ${log} is not a commit of that revision. The state before it ` +
      'stays in service: restore the stream from a backup, and let only writers of the log publish to it.',
    { expected: `the commit of revision ${revision}` },
  )
}

function missing(log: string, revision: number): SluiceError {
  return new SluiceError(
    'missing_commit',
    `Revision ${revision} is missing from the stream ${log}, and no compaction dropped it: restore ` +
      'the stream from a backup, and set no limits on it that drop messages.',
    { expected: `revision ${revision}`, found: 'a gap' },
  )
}
