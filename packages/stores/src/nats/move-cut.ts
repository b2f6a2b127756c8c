import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createNotEmptyError } from '../compaction.ts'
import { isHead } from '../shape.ts'
import type { JetStreamLike, StreamsLike } from './client.ts'
import { isWrongSequence } from './errors.ts'
import { inLanes } from './lanes.ts'
import type { Names } from './names.ts'
import { publishOnce } from './publish.ts'
import type { State } from './state.ts'

/**
 * Makes a cut durable and then drops the commits up to it.
 *
 * @returns how many commits this call dropped.
 */
export async function dropCommits(
  streams: StreamsLike,
  names: Names,
  { writeCut }: State,
  cut: Head,
): Promise<number> {
  const { state } = await streams.info(names.log)
  // Purging beyond the end would move the end.
  if (cut.revision < state.first_seq || cut.revision >= state.last_seq) return 0
  await writeCut(cut)
  return (await streams.purge(names.log, { seq: cut.revision + 1 })).purged
}

/**
 * Makes an empty log begin after a commit that it does not hold.
 *
 * Every position up to the cut is filled and then dropped: the one way that moves the end of a stream
 * on every server. (After a purge beyond the end, nats-server 2.9 compares what is published with the
 * end from before.)
 *
 * @throws SluiceError `log_not_empty`, `invalid_cut`.
 */
export async function startLogAfter(
  jetstream: JetStreamLike,
  streams: StreamsLike,
  names: Names,
  { readCut, writeCut }: State,
  cut: Head,
): Promise<void> {
  if (!isHead(cut)) {
    const expected = '{ revision, hash }'
    throw new SluiceError('invalid_cut', `A cut is ${expected}, unlike ${JSON.stringify(cut)}.`)
  }
  if ((await readCut()).revision > 0) throw createNotEmptyError()
  const before = Array.from({ length: cut.revision }, (_, revision) => revision)
  try {
    await inLanes(before, (lastSequence) => {
      // A writer that still knows the old log must not put a commit in between.
      const filler = { subject: names.commits, payload: 'before the cut', lastSequence }
      return publishOnce(jetstream, streams, { stream: names.log, ...filler })
    })
  } catch (error) {
    throw isWrongSequence(error) ? createNotEmptyError() : error
  }
  await writeCut(cut)
  await streams.purge(names.log, { seq: cut.revision + 1 })
}
