import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createCompactedError } from '../compaction.ts'
import { isCommit } from '../shape.ts'
import type { Commit } from '../store.ts'
import type { StreamsLike } from './client.ts'
import { getMessages, jsonOf } from './lanes.ts'
import type { Names } from './names.ts'

/** Above this many it pays to ask first whether they are still there. */
const fewMessages = 4

/**
 * Reads the commits after a revision.
 *
 * The stream's leader is asked for the newest message and then for each before it, never a replica that
 * may lag: whatever was acknowledged before is seen.
 *
 * @param readCut Asked only where commits are not there any more.
 * @throws SluiceError `compacted`, `corrupt_commit`, `missing_commit`.
 */
export async function readLog(
  streams: StreamsLike,
  { log, commits: subject }: Names,
  readCut: () => Promise<Head>,
  after: number,
  limit: number,
): Promise<Commit[]> {
  const newest = await streams.getMessage(log, { last_by_subj: subject })
  // Where there is none the log is empty, or begins after a commit that it does not hold.
  const end = newest?.seq ?? (await streams.info(log)).state.last_seq
  const last = Math.min(end, after + limit)
  if (last <= after) return []
  if (last - after > fewMessages) {
    const { state } = await streams.info(log)
    if (after + 1 < state.first_seq) throw await gone(after + 1)
  }
  // A poll that finds nothing new has asked once: the newest is all it came for.
  const messages =
    newest?.seq === after + 1 ? [newest] : await getMessages(streams, log, after + 1, last)
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
  const value = jsonOf(data)
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
