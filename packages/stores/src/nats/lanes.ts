import { parseJson } from '../parse-json.ts'
import type { Message, StreamsLike } from './client.ts'

/**
 * Requests under way at a time. A server ends a connection on which 64 MiB of answers pile up
 * (`max_pending`); 32 of the largest commits in base64 are 43 MB.
 */
const lanes = 32

/** Calls for every item, many at a time; the answers are in the order of the items. */
export async function inLanes<T, R>(
  items: readonly T[],
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = new Array(items.length)
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      try {
        answers[index] = await call(items[index] as T)
      } catch (error) {
        // The other lanes need not go on.
        next = items.length
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane))
  return answers
}

/** The messages from one sequence to another; null where there is none. */
export function getMessages(
  streams: StreamsLike,
  stream: string,
  first: number,
  last: number,
): Promise<(Message | null)[]> {
  const sequences = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at)
  return inLanes(sequences, (seq) => streams.getMessage(stream, { seq }))
}

/** The text of a message's bytes. */
export function textOf(data: Uint8Array): string {
  // Not a TextDecoder: it would drop a byte order mark.
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')
}

/** The JSON value of a message's bytes; undefined where they are not JSON. */
export function jsonOf(data: Uint8Array): unknown {
  return parseJson(textOf(data))
}
