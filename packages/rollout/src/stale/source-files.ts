import { type BigIntStats, type Dirent, readdir, stat } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const readFolder = promisify(readdir) as (
  path: string,
  options: { withFileTypes: true },
) => Promise<Dirent[]>
const readStatus = promisify(stat) as (
  path: string,
  options: { bigint: true },
) => Promise<BigIntStats>

/** A file of the scan, or what kept it from being one. */
export interface FoundFile {
  readonly path: string
  readonly bytes: number
  /** A template: text that holds code of which the parser can read nothing. */
  readonly isTemplate?: true
  readonly because?: string
}

/** Never sources of the application: installed or built. */
const skipped: readonly string[] = ['node_modules', 'dist']

/** What the parser can read. Declarations (`.d.ts`) ask nothing. */
const isSource = /(?<!\.d)\.(?:[cm]?[jt]s|[jt]sx)$/i
/** Code inside other languages: a flag that is asked for there alone is not unused. */
const isTemplate = /\.(?:vue|svelte|astro|mdx|html?|hbs|ejs|pug|njk|liquid|marko)$/i
const isRead = (name: string) => isSource.test(name) || isTemplate.test(name)

/** How a path was met. */
type Met = 'root' | 'entry' | 'link'

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

  async function* walk(path: string, below: string, how: Met): AsyncGenerator<FoundFile> {
    try {
      // As a number, two of a large file system's files could be taken for one.
      const status = await readStatus(path, { bigint: true })
      const identity = `${status.dev}:${status.ino}`
      if (status.isFile()) {
        if ((how !== 'root' && !isRead(path)) || seen.has(identity)) return
        seen.add(identity)
        const bytes = Number(status.size)
        yield { path, bytes, ...(isTemplate.test(path) ? { isTemplate: true } : {}) }
        return
      }
      if (!status.isDirectory() || seen.has(identity)) return
      seen.add(identity)
    } catch (error) {
      // A link to nowhere is nobody's source. Anything else that is not there has a name that cannot be read, or is new.
      if (how === 'link' && isMissing(error)) return
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
    const met = entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || isRead(entry.name))
      .sort((one, other) => (one.name < other.name ? -1 : 1))
    for (const entry of met) {
      const { name } = entry
      const inside = below === '' ? name : `${below}/${name}`
      if (isIgnored(name, inside)) continue
      yield* walk(join(path, name), inside, entry.isSymbolicLink() ? 'link' : 'entry')
    }
  }

  yield* walk(root, '', 'root')
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
