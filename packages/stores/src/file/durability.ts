import { syncDirectory } from '../atomic-file.ts'
import { toFileError } from './errors.ts'

/** Makes the names in a directory durable. */
export interface Durability {
  /**
   * Makes every name durable that is there now; remembers until it succeeds that it has to.
   *
   * @param revision The newest commit, where it is this process's own.
   * @throws The file system's own error.
   */
  sync(revision?: number): Promise<void>
  /** Syncs if a sync failed: what is read may be acted upon, as what is acknowledged is. */
  settle(): Promise<void>
  /**
   * Makes sure that the commits before a position are durable. Another process may have named its
   * commit and not synced it yet: after a power cut, ours would stand behind a gap.
   */
  settleBefore(revision: number): Promise<void>
}

export function createDurability(directory: string): Durability {
  let isOwed = false
  /** All up to here was synced, if the log goes on from here. */
  let synced = 0

  async function sync(revision?: number): Promise<void> {
    isOwed = true
    await syncDirectory(directory)
    isOwed = false
    if (revision !== undefined) synced = revision
  }

  async function trySync(): Promise<void> {
    try {
      await sync()
    } catch (cause) {
      throw toFileError(cause, directory, 'make the last commit durable')
    }
  }

  return {
    sync,
    async settle() {
      if (isOwed) await trySync()
    },
    async settleBefore(revision) {
      if (isOwed || revision !== synced + 1) await trySync()
    },
  }
}
