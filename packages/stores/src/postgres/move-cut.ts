import { SluiceError } from '@sluice/core'
import type { Head } from '../chain.ts'
import { createNotEmptyError } from '../compaction.ts'
import { isHead } from '../shape.ts'
import type { Ask } from './client.ts'
import type { Names } from './names.ts'
import { readCut } from './read-commits.ts'

/** Rows per statement: a fraction of a second, so that none runs into the time limit. */
const batchSize = 5_000

/**
 * Makes a cut durable and then drops the commits up to it.
 *
 * @returns how many commits this call dropped.
 */
export async function dropCommits(ask: Ask, names: Names, cut: Head): Promise<number> {
  if (cut.revision === 0) return 0
  await moveCut(ask, names, cut, `revision < ${cut.revision}`)
  let dropped = 0
  for (;;) {
    const { rowCount } = await ask(
      'drop commits',
      `DELETE FROM ${names.commits}
       WHERE revision <= least($1::bigint, (SELECT min(revision) FROM ${names.commits}) + $2::bigint)`,
      [cut.revision, batchSize - 1],
    )
    if (!rowCount) return dropped
    dropped += rowCount
  }
}

/**
 * Makes an empty log begin after a commit that it does not hold.
 *
 * @throws SluiceError `log_not_empty`, `invalid_cut`.
 */
export async function startLogAfter(ask: Ask, names: Names, cut: Head): Promise<void> {
  const isNew = (await readCut(ask, names)).revision === 0
  if (!isNew) throw createNotEmptyError()
  await moveCut(ask, names, cut, `revision = 0 AND NOT EXISTS (SELECT FROM ${names.commits})`)
  const { revision, hash } = await readCut(ask, names)
  if (revision !== cut.revision || hash !== cut.hash) throw createNotEmptyError()
}

/**
 * The lock waits for appends under way and holds new ones up for a moment; reads go on. Without it an
 * append that had looked at the head before could put its commit below the cut.
 *
 * One message, so that no connection is left in the middle. It takes no parameters, and what is put in
 * needs no quoting: a whole number and hexadecimal digits.
 */
async function moveCut(ask: Ask, names: Names, cut: Head, condition: string): Promise<void> {
  if (!isHead(cut)) {
    throw new SluiceError(
      'invalid_cut',
      `A cut is { revision, hash }, unlike ${JSON.stringify(cut)}.`,
    )
  }
  await ask(
    'move the cut',
    `BEGIN ISOLATION LEVEL READ COMMITTED;
     SET LOCAL lock_timeout = '5s';
     LOCK TABLE ${names.commits} IN SHARE ROW EXCLUSIVE MODE;
     UPDATE ${names.cut} SET revision = ${cut.revision}, hash = '${cut.hash}' WHERE ${condition};
     COMMIT`,
  )
}
