import type { JetStreamLike, StreamsLike } from './client.ts'

/** A message for a stream. */
export interface Outgoing {
  readonly stream: string
  readonly subject: string
  readonly payload: string | Uint8Array
  /** The stream takes it only if it ends here. Default: wherever it ends. */
  readonly lastSequence?: number
}

/**
 * Publishes a message, once: a second try could take the first for somebody else's.
 *
 * @returns its sequence.
 */
export async function publishOnce(
  jetstream: JetStreamLike,
  streams: StreamsLike,
  { stream, subject, payload, lastSequence }: Outgoing,
): Promise<number> {
  const expect = { streamName: stream, ...(lastSequence !== undefined && { lastSequence }) }
  try {
    return (await jetstream.publish(subject, payload, { expect, retries: 1 })).seq
  } catch (error) {
    // Nobody listened, so nobody took it; a stream that is not there tells so.
    if ((error as { name?: unknown }).name === 'JetStreamNotEnabled') await streams.info(stream)
    throw error
  }
}
