/**
 * The log in a folder, for all processes of one machine.
 *
 * @module
 */

import { type FSWatcher, watch } from 'node:fs'
import { SluiceError } from '@sluice/core'
import { createFolder } from './atomic-file.ts'
import { type Clock, systemClock } from './clock.ts'
import type { CompactableStore } from './compaction.ts'
import { appendCommit } from './file/append-commit.ts'
import { compactFiles, startFilesAfter } from './file/compact-files.ts'
import { createDurability } from './file/durability.ts'
import { toFileError } from './file/errors.ts'
import { parseName } from './file/names.ts'
import { createPositions } from './file/positions.ts'
import { readCommits } from './file/read-commits.ts'
import { readSnapshotFiles, writeSnapshotFile } from './file/snapshot-files.ts'
import { sweepLeftovers } from './file/sweep.ts'

/** Where a file store keeps its log. */
export interface FileStoreOptions {
  /** A folder of its own, on a local disk, shared by every process of the log. */
  readonly directory: string
  /** Creates the folder where it is missing. Default false: a mistyped path is not an empty log. */
  readonly create?: boolean
  /** Tells the age of leftovers. Default: {@link systemClock}. */
  readonly clock?: Clock
}

/**
 * Creates a store over a folder: a log with one readable file per commit. Nothing is touched before the first call.
 *
 * An acknowledged commit is on the disk. Any number of processes may share the folder, and any of them
 * may be killed at any instant.
 *
 * Every method throws SluiceError `store_missing`, `store_full`, `store_read_only` or `store_failed`
 * with the remedy and the file system's error as `cause`.
 */
export function createFileStore(options: FileStoreOptions): CompactableStore {
  const { directory, create = false, clock = systemClock } = options
  const positions = createPositions(directory)
  const durability = createDurability(directory)
  const watchers = new Set<FSWatcher>()
  let opening: Promise<void> | undefined
  let isClosed = false

  async function open(): Promise<void> {
    if (isClosed) throw new SluiceError('store_closed', `The file store ${directory} is closed.`)
    opening ??= prepare()
    try {
      await opening
    } catch (error) {
      // The folder may be there the next time.
      opening = undefined
      throw error
    }
  }

  async function prepare(): Promise<void> {
    if (create) {
      await createFolder(directory).catch((cause: unknown) => {
        throw toFileError(cause, directory, 'create the folder')
      })
    }
    await sweepLeftovers(directory, clock.now())
  }

  return {
    async read(after, limit = Number.MAX_SAFE_INTEGER) {
      await open()
      await durability.settle()
      return readCommits(directory, positions, after, limit)
    },

    async append(commit) {
      await open()
      return appendCommit(directory, positions, commit, durability)
    },

    async watch(wake) {
      await open()
      let watcher: FSWatcher
      try {
        watcher = watch(directory, { persistent: false }, (_event, name) => {
          if (name === null || parseName(name).kind === 'commit') wake()
        })
      } catch (cause) {
        throw toFileError(cause, directory, 'watch for commits')
      }
      const stop = () => {
        watchers.delete(watcher)
        watcher.close()
      }
      // A hint only: without it the poll finds everything, later.
      watcher.on('error', stop)
      watchers.add(watcher)
      return stop
    },

    async readSnapshot() {
      await open()
      return readSnapshotFiles(directory)
    },

    async writeSnapshot(snapshot) {
      await open()
      return writeSnapshotFile(directory, snapshot)
    },

    async compact({ keepAfter, archive }) {
      await open()
      return compactFiles(directory, positions, keepAfter, archive)
    },

    async startAfter(cut) {
      await open()
      return startFilesAfter(directory, positions, cut)
    },

    async close() {
      isClosed = true
      for (const watcher of watchers) watcher.close()
      watchers.clear()
    },
  }
}
