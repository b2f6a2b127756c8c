import { stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { parseName } from './names.ts'
import { listNames } from './positions.ts'

/** No writer takes this long between creating its file and naming it; a crashed one takes for ever. */
const leftoverAgeMs = 600_000

/** Deletes unfinished files that a crashed process left behind. Never fails: they do no harm. */
export async function sweepLeftovers(directory: string, now: number): Promise<void> {
  for (const name of await listNames(directory)) {
    if (parseName(name).kind !== 'temporary') continue
    const path = join(directory, name)
    try {
      const { mtimeMs } = await stat(path)
      if (now - mtimeMs > leftoverAgeMs) await unlink(path)
    } catch {
      // Its writer has just finished, or the folder is read-only.
    }
  }
}
