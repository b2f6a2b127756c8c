import { join } from 'node:path'
import { sweepFiles } from '../atomic-file.ts'
import { parseName } from './names.ts'
import { listNames } from './positions.ts'

/**
 * Deletes unfinished files that a crashed process left behind.
 *
 * @throws SluiceError `store_missing` … where the folder cannot be listed.
 */
export async function sweepLeftovers(directory: string, now: number): Promise<void> {
  const names = await listNames(directory)
  const leftovers = names.filter((name) => parseName(name).kind === 'temporary')
  await sweepFiles(
    leftovers.map((name) => join(directory, name)),
    now,
  )
}
