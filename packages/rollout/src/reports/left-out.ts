import { type Commit, isExpired } from '@sluice/stores'
import { type CommitSource, type ReadOptions, readCommits } from './read-commits.ts'

/** What a report could not take into account. Where both are empty it speaks for the whole log. */
export interface LeftOut {
  /** The keys of records that could not be read, each once: damaged, or of a version this package does not know. */
  readonly unreadable: readonly string[]
  /** Commits whose content is gone: compacted away and not in the archive that was given, or past their retention. */
  readonly missingCommits: number
}

/** Reads a log for a report, and keeps account of what is missing in it. */
export interface CountedReading {
  /** Those commits whose content is left, oldest first. */
  readonly commits: AsyncIterable<Commit>
  /** Notes a record that could not be read. */
  leaveOut(key: string): void
  leftOut(): LeftOut
}

/** Opens a reading. @throws SluiceError While reading: whatever reading the log throws. */
export function readCounted(log: CommitSource, options: ReadOptions): CountedReading {
  const unreadable = new Set<string>()
  let missingCommits = 0

  async function* read(): AsyncGenerator<Commit> {
    let reached = options.after ?? 0
    for await (const line of readCommits(log, options)) {
      missingCommits += line.revision - reached - 1
      reached = line.revision
      if (isExpired(line)) missingCommits += 1
      else yield line
    }
  }

  return {
    commits: read(),
    leaveOut: (key) => void unreadable.add(key),
    leftOut: () => ({ unreadable: [...unreadable], missingCommits }),
  }
}
