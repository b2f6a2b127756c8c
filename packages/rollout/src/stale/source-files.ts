import { type Dirent, readdir, stat } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const readFolder = promisify(readdir) as (
  path: string,
  options: { withFileTypes: true },
) => Promise<Dirent[]>
const readStatus = promisify(stat)

/** A file of the scan, or what kept it from being one. */
export interface FoundFile {
  readonly path: string
  readonly bytes: number
  readonly because?: string
}

/** Never sources of the application: installed or built. */
const skipped: readonly string[] = ['node_modules', 'dist']

/** What the parser can read. Declarations (`.d.ts`) ask nothing. */
const isSource = /(?<!\.d)\.(?:[cm]?[jt]s|[jt]sx)$/

/**
 * The source files below a root, one at a time, folders in alphabetical order.
 *
 * Hidden names, `node_modules` and `dist` are passed over, and so are those in `ignore`. Links are followed, and each
 * folder and file is met once, whatever names lead to it: a link that leads back ends there.
 *
 * @param ignore Names, or paths below the root with `/`.
 * @param seen What was met before: share it between roots that overlap.
 */
export async function* walkSources(
  root: string,
  ignore: readonly string[] = [],
  seen: Set<string> = new Set(),
): AsyncGenerator<FoundFile> {
  const isIgnored = (name: string, below: string) =>
    name.startsWith('.') ||
    skipped.includes(name) ||
    ignore.includes(name) ||
    ignore.includes(below)

  async function* walk(path: string, below: string, isRoot: boolean): AsyncGenerator<FoundFile> {
    try {
      const status = await readStatus(path)
      const identity = `${status.dev}:${status.ino}`
      if (status.isFile()) {
        if ((!isRoot && !isSource.test(path)) || seen.has(identity)) return
        seen.add(identity)
        yield { path, bytes: status.size }
        return
      }
      if (!status.isDirectory() || seen.has(identity)) return
      seen.add(identity)
    } catch (error) {
      // A link to nowhere is nobody's source; a root that is not there is a mistake.
      if (!isRoot && isMissing(error)) return
      yield { path, bytes: 0, because: messageOf(error) }
      return
    }
    let entries: Dirent[]
    try {
      entries = await readFolder(path, { withFileTypes: true })
    } catch (error) {
      yield { path, bytes: 0, because: messageOf(error) }
      return
    }
    const names = entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || isSource.test(entry.name))
      .map(({ name }) => name)
      .sort()
    for (const name of names) {
      const inside = below === '' ? name : `${below}/${name}`
      if (!isIgnored(name, inside)) yield* walk(join(path, name), inside, false)
    }
  }

  yield* walk(root, '', true)
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
