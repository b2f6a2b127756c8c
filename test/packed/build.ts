import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { oneAtATime } from './one-at-a-time.ts'

/** A package of the workspace and what it offers. */
export interface BuiltPackage {
  readonly name: string
  readonly folder: string
  /** What an application may import: `@sluice/stores`, `@sluice/stores/file`, … */
  readonly entries: readonly string[]
  /** The built files that the entries and programs name, from the package's root. */
  readonly targets: readonly string[]
}

/** The packages of the workspace, by their manifests. */
export function readPackages(root: string): BuiltPackage[] {
  return readdirSync(join(root, 'packages'))
    .sort()
    .map((name) => readPackage(join(root, 'packages', name)))
}

/**
 * Builds every package, unless all that was built is newer than all it is made of. Tests that run at the same time build
 * once.
 *
 * @returns Whether it built.
 */
export function ensureBuilt(root: string): Promise<boolean> {
  return oneAtATime(join(root, 'node_modules/.sluice-build'), () => buildIfOld(root))
}

async function buildIfOld(root: string): Promise<boolean> {
  const packages = readPackages(root)
  const settings = ['tsup.config.ts', 'tsconfig.json', 'package-lock.json'].map((n) =>
    join(root, n),
  )
  const sources = packages.flatMap(({ folder }) => [
    join(folder, 'package.json'),
    ...readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => join(folder, 'src', name)),
  ])
  const built = packages.flatMap(({ folder, targets }) => targets.map((each) => join(folder, each)))
  const newestSource = Math.max(...[...settings, ...sources].map(changedAt))
  // A file that was never built is older than everything.
  const oldestBuilt = Math.min(...built.map(changedAt))
  if (oldestBuilt > newestSource) return false
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root, maxBuffer: 2 ** 26 })
  return true
}

function readPackage(folder: string): BuiltPackage {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    exports: Record<string, Record<string, string | Record<string, string>> | string>
    bin?: Record<string, string>
  }
  const { name, exports, bin = {} } = manifest
  // The manifest itself is an entry too, but nothing to import from a program.
  const conditions = Object.entries(exports).filter(([, target]) => typeof target === 'object')
  const named = conditions.flatMap(([, target]) =>
    Object.values(target).flatMap((each) => (typeof each === 'object' ? Object.values(each) : [])),
  )
  const targets = [...named, ...Object.values(bin)]
  return { name, folder, entries: conditions.map(([entry]) => name + entry.slice(1)), targets }
}

/** When a file last changed, in epoch milliseconds; 0 where there is none. */
function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
