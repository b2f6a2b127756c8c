import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The part of a package.json that the layer rules read. */
export interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly '@sluice/source'?: string }>>
  /** Programs by name; each is built from the source of that name. */
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** A package as data: its manifest, and its non-test sources by path from the package's root. */
export interface Package {
  readonly manifest: Manifest
  readonly files: Readonly<Record<string, string>>
}

/** Reads every package of the workspace, without tests and the fixtures of tests. */
export function readWorkspace(root: string): Package[] {
  const folders = readdirSync(join(root, 'packages')).sort()
  return folders
    .filter((folder) => existsSync(join(root, 'packages', folder, 'package.json')))
    .map((folder) => readPackage(join(root, 'packages', folder)))
}

function readPackage(folder: string): Package {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const files: Record<string, string> = {}
  for (const entry of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    const path = `src/${entry.replaceAll('\\', '/')}`
    if (!path.endsWith('.ts') || /\.(test|fixture|d)\.ts$/.test(path)) continue
    files[path] = readFileSync(join(folder, path), 'utf8')
  }
  return { manifest, files }
}
