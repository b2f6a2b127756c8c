import { SluiceError } from '@sluice/core'
import type { Commit } from '../store.ts'
import type { JetStreamLike, StreamsLike } from './client.ts'
import { isWrongSequence } from './errors.ts'
import type { Names } from './names.ts'
import { publishOnce } from './publish.ts'

/** A message holds its headers too: of an append, about 100 bytes and the stream's name. */
const headerBytes = 1_024

/**
 * Publishes a commit on the condition that the stream ends right before it.
 *
 * @throws SluiceError `conflict`; `store_unsupported` for more than the server takes.
 */
export async function appendCommit(
  jetstream: JetStreamLike,
  streams: StreamsLike,
  names: Names,
  maxPayload: number,
  commit: Commit,
): Promise<void> {
  const payload = Buffer.from(JSON.stringify(commit))
  if (payload.length + headerBytes > maxPayload) throw tooLarge(payload.length, maxPayload)
  const lastSequence = commit.revision - 1
  const message = { stream: names.log, subject: names.commits, payload, lastSequence }
  try {
    await publishOnce(jetstream, streams, message)
  } catch (error) {
    throw isWrongSequence(error) ? conflict(commit.revision, error) : error
  }
}

function conflict(revision: number, cause: unknown): SluiceError {
  return new SluiceError(
    'conflict',
    `The log does not take revision ${revision} next: catch up and try again.`,
    { cause },
  )
}

function tooLarge(found: number, maxPayload: number): SluiceError {
  return new SluiceError(
    'store_unsupported',
    `The commit holds ${found} bytes and the NATS server takes messages of ${maxPayload}: raise its ` +
      'max_payload to 1 MiB or more.',
    { expected: `at most ${maxPayload - headerBytes} bytes`, found: `${found} bytes` },
  )
}
