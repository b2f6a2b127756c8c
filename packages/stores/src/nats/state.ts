import { setTimeout as sleep } from 'node:timers/promises'
import { SluiceError } from '@sluice/core'
import { genesis, type Head } from '../chain.ts'
import { isHead } from '../shape.ts'
import { checkSnapshot } from '../snapshot.ts'
import type { Snapshot } from '../store.ts'
import type { JetStreamLike, Message, StreamsLike } from './client.ts'
import { isWrongSequence } from './errors.ts'
import { getMessages, jsonOf } from './lanes.ts'
import type { Names } from './names.ts'
import { publishOnce } from './publish.ts'

/** The stream beside the log: snapshots, and where the log was compacted. */
export interface State {
  readSnapshot(): Promise<Snapshot | undefined>
  writeSnapshot(snapshot: Snapshot): Promise<void>
  /** The last dropped commit; `genesis` where none was. */
  readCut(): Promise<Head>
  /** An older cut never takes the place of a newer one. */
  writeCut(cut: Head): Promise<void>
}

/** What the last message of a snapshot says of it. */
interface Mark {
  readonly revision: number
  /** Messages right before this one that hold the snapshot, in order. */
  readonly parts: number
}

/** Half of what a server takes by default (1 MiB). */
const maxPartBytes = 524_288

/** Tries until others have written their snapshots, each with a longer pause: 11 seconds in all. */
const maxTries = 10
const pauseMs = 200

/**
 * Keeps snapshots and the cut in a stream of their own.
 *
 * Every message is published on the condition that it follows the last one seen. So a snapshot's parts
 * stand without a gap right before the mark that completes them, and nothing came in between.
 */
export function createState(
  jetstream: JetStreamLike,
  streams: StreamsLike,
  names: Names,
  maxPayload: () => number,
): State {
  const publishAfter = (lastSequence: number, subject: string, payload: string | Uint8Array) =>
    publishOnce(jetstream, streams, { stream: names.state, subject, payload, lastSequence })

  const newest = (subject: string) => streams.getMessage(names.state, { last_by_subj: subject })

  /** Calls with the end of the stream, once more whenever somebody else wrote before. */
  async function follow(write: (last: number) => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const { state } = await streams.info(names.state)
      try {
        return await write(state.last_seq)
      } catch (error) {
        if (!isWrongSequence(error) || tries === maxTries) throw error
      }
      await sleep(pauseMs * tries)
    }
  }

  async function writeSnapshot(snapshot: Snapshot): Promise<void> {
    const parts = split(Buffer.from(JSON.stringify(snapshot)), partBytes(maxPayload()))
    const mark: Mark = { revision: snapshot.revision, parts: parts.length }
    await follow(async (end) => {
      const before = readMark(await newest(names.whole))
      if (before !== undefined && before.revision > snapshot.revision) return
      let last = end
      for (const part of parts) last = await publishAfter(last, names.part, part)
      await publishAfter(last, names.whole, JSON.stringify(mark))
      // From sequence 1 on would purge all of it, not nothing.
      if (end > 0) await streams.purge(names.state, { filter: names.snapshot, seq: end + 1 })
    })
  }

  async function readSnapshot(): Promise<Snapshot | undefined> {
    for (;;) {
      const message = await newest(names.whole)
      if (message === null) return undefined
      const bytes = await readParts(message)
      if (bytes !== undefined) return checkSnapshot(jsonOf(bytes), `the stream ${names.state}`)
      // Unless a newer one has taken its place meanwhile, it is damaged.
      if ((await newest(names.whole))?.seq === message.seq) throw damaged()
    }
  }

  async function readParts(message: Message): Promise<Uint8Array | undefined> {
    const mark = readMark(message)
    if (mark === undefined || mark.parts >= message.seq) return undefined
    const first = message.seq - mark.parts
    const parts = await getMessages(streams, names.state, first, message.seq - 1)
    const bytes = parts.flatMap((part) => (part?.subject === names.part ? [part.data] : []))
    return bytes.length === mark.parts ? Buffer.concat(bytes) : undefined
  }

  async function readCut(): Promise<Head> {
    const message = await newest(names.cut)
    if (message === null) return genesis
    const cut = jsonOf(message.data)
    if (isHead(cut)) return { revision: cut.revision, hash: cut.hash }
    throw new SluiceError(
      'corrupt_cut',
      `The cut in the stream ${names.state} is damaged: restore the streams of this log from a backup.`,
    )
  }

  const writeCut = (cut: Head) =>
    follow(async (last) => {
      if (cut.revision <= (await readCut()).revision) return
      await publishAfter(last, names.cut, JSON.stringify(cut))
      await streams.purge(names.state, { filter: names.cut, keep: 1 })
    })

  function damaged(): SluiceError {
    return new SluiceError(
      'corrupt_snapshot',
      `The snapshot in the stream ${names.state} is not whole; the next one takes its place.`,
    )
  }

  return { readSnapshot, writeSnapshot, readCut, writeCut }
}

function readMark(message: Message | null): Mark | undefined {
  const mark = (message && jsonOf(message.data)) as Partial<Mark> | null | undefined
  const { revision, parts } = mark ?? {}
  if (!Number.isSafeInteger(revision) || !(Number.isSafeInteger(parts) && (parts as number) > 0)) {
    return undefined
  }
  return mark as Mark
}

/** Leaves room for the headers. */
function partBytes(maxPayload: number): number {
  return Math.max(1, Math.min(maxPartBytes, maxPayload - 4_096))
}

function split(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}
