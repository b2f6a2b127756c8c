import { access, readdir } from 'node:fs/promises'
import { genesis, type Head } from '../chain.ts'
import { readCutFile } from './cut-file.ts'
import { isMissing, toFileError } from './errors.ts'
import { commitPath, parseName } from './names.ts'

/** Where a directory's log begins and ends, found without listing it each time. */
export interface Positions {
  /** The last revision known of; it can only be further on. Lists the directory the first time. */
  knownHead(): Promise<number>
  /** The last revision now, found by asking for the numbers after the known one. */
  findHead(): Promise<number>
  /** The last dropped commit now. */
  findCut(): Promise<Head>
  /** Whether a commit's file is there. */
  has(revision: number): Promise<boolean>
  /** Notes that a revision is in the log. */
  note(revision: number): void
  /** Forgets what is known and lists the directory: for when it contradicts what is found. */
  relist(): Promise<void>
  /** The number of the latest cut file; 0 where nothing was ever compacted. */
  readonly generation: number
}

interface Known {
  head: number
  generation: number
  cut: Head
}

export function createPositions(directory: string): Positions {
  let known: Known | undefined

  async function list(): Promise<Known> {
    let head = 0
    let generation = 0
    for (const name of await listNames(directory)) {
      const parsed = parseName(name)
      if (parsed.kind === 'commit') head = Math.max(head, parsed.number)
      if (parsed.kind === 'cut') generation = Math.max(generation, parsed.number)
    }
    const cut = (generation > 0 && (await readCutFile(directory, generation))) || genesis
    return { head: Math.max(head, cut.revision), generation, cut }
  }

  async function getKnown(): Promise<Known> {
    known ??= await list()
    return known
  }

  async function has(revision: number): Promise<boolean> {
    try {
      await access(commitPath(directory, revision))
      return true
    } catch (cause) {
      if (isMissing(cause)) return false
      throw toFileError(cause, directory, `look for revision ${revision}`)
    }
  }

  return {
    has,

    async knownHead() {
      return (await getKnown()).head
    },

    async findHead() {
      const found = await getKnown()
      while (await has(found.head + 1)) found.head += 1
      return found.head
    },

    async findCut() {
      const found = await getKnown()
      for (;;) {
        const next = await readCutFile(directory, found.generation + 1)
        if (next === undefined) return found.cut
        found.generation += 1
        found.cut = next
        found.head = Math.max(found.head, next.revision)
      }
    },

    note(revision) {
      if (known !== undefined) known.head = Math.max(known.head, revision)
    },

    async relist() {
      known = await list()
    },

    get generation() {
      return known?.generation ?? 0
    },
  }
}

/**
 * The directory's file names.
 *
 * @throws SluiceError `store_missing` …
 */
export async function listNames(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (cause) {
    throw toFileError(cause, directory, 'list the log')
  }
}
