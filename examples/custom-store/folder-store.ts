// A store of your own, whole: one folder per commit. docs/write-your-own-store.md explains each step.
import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '@sluice/core'
import { type Commit, checkSnapshot, isCommit, type Snapshot, type Store } from '@sluice/stores'

/** Creates a store in a folder that exists, shared by every process of the log. POSIX only. */
export function createFolderStore(directory: string): Store {
  let isClosed = false
  let owesSync = false

  function assertOpen(): void {
    if (isClosed) throw new SluiceError('store_closed', 'The folder store is closed.')
  }

  /** @returns whether the name was free; then the value is durable, whole, and never replaced. */
  async function create(name: string, value: Commit | Snapshot): Promise<boolean> {
    const unnamed = await mkdtemp(join(directory, '.new-'))
    try {
      // The text as it is: a type that rounds numbers or folds Unicode would break the hashes.
      const text = JSON.stringify(value)
      await writeFile(join(unnamed, 'value.json'), text, { flush: true })
      await sync(unnamed)
      // The step that counts: of all processes that want the name one gets it, as a folder that
      // holds something is not replaced. It appears with all that is in it, or not at all.
      await rename(unnamed, join(directory, name))
    } catch (error) {
      await rm(unnamed, { recursive: true, force: true })
      if (['EEXIST', 'ENOTEMPTY'].includes(codeOf(error))) return false
      throw error
    }
    // Nobody is told of a name that a power cut could still take away: see `read`.
    owesSync = true
    await sync(directory)
    owesSync = false
    return true
  }

  /** @returns nothing where there is no such name, null where what is there is no JSON. */
  async function find(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(directory, name, 'value.json'), 'utf8'))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      if (error instanceof SyntaxError) return null
      throw error
    }
  }

  async function findCommit(revision: number): Promise<Commit | undefined> {
    const value = await find(`commit-${revision}`)
    if (value === undefined || isCommit(value)) return value
    throw new SluiceError('corrupt_commit', `Revision ${revision} is damaged: restore it.`)
  }

  /** The newest first. */
  async function listSnapshots(): Promise<string[]> {
    const revisionOf = (name: string) => Number(name.slice('snapshot-'.length))
    const names = (await readdir(directory)).filter((name) => name.startsWith('snapshot-'))
    return names.sort((one, other) => revisionOf(other) - revisionOf(one))
  }

  return {
    async read(after, limit = Number.POSITIVE_INFINITY) {
      assertOpen()
      if (owesSync) await sync(directory)
      const commits: Commit[] = []
      while (commits.length < limit) {
        const at = after + commits.length + 1
        const commit = await findCommit(at)
        if (commit !== undefined) commits.push(commit)
        else if ((await findCommit(at + 1)) === undefined) break
        // The one behind it is there: both were written since, or this one was lost.
        else if ((await findCommit(at)) === undefined) throw missing(at)
      }
      return commits
    },

    async append(commit) {
      assertOpen()
      const { revision } = commit
      // No commit is ever dropped, so once the one before is there it stays there.
      const isNext = revision === 1 || (await findCommit(revision - 1)) !== undefined
      // What else `create` throws is no code of `refusalCodes`: the outcome is open, and the
      // replica looks. Above all, nothing here tries again by itself.
      if (isNext && (await create(`commit-${revision}`, commit))) return
      throw new SluiceError('conflict', `Revision ${revision} is not the next: catch up.`)
    },

    async readSnapshot() {
      assertOpen()
      const [newest] = await listSnapshots()
      return newest === undefined ? undefined : checkSnapshot(await find(newest), newest)
    },

    async writeSnapshot(snapshot) {
      assertOpen()
      // With the revision in the name, an older one never takes the place of a newer one.
      await create(`snapshot-${snapshot.revision}`, snapshot)
      // Somebody may be reading the second newest now.
      const old = (await listSnapshots()).slice(2)
      for (const name of old) await rm(join(directory, name), { recursive: true, force: true })
    },

    async close() {
      isClosed = true
    },
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function missing(revision: number): SluiceError {
  return new SluiceError('missing_commit', `Revision ${revision} was lost: restore it.`)
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}
