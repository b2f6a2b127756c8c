import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What `npm pack --json` says of a tarball. */
export interface Tarball {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Packs every package of the workspace into a folder. */
export async function packAll(root: string, folder: string): Promise<Tarball[]> {
  await mkdir(folder, { recursive: true })
  const options = ['--workspaces', '--json', '--pack-destination', folder]
  const { stdout } = await run('npm', ['pack', ...options], { cwd: root, maxBuffer: 2 ** 24 })
  return JSON.parse(stdout) as Tarball[]
}

/** Installs tarballs, and from the registry what they depend on, in an empty project. */
export async function installAll(
  project: string,
  folder: string,
  tarballs: readonly Tarball[],
): Promise<void> {
  await mkdir(project, { recursive: true })
  const dependencies = Object.fromEntries(
    tarballs.map(({ name, filename }) => [name, `file:${join(folder, filename)}`]),
  )
  const manifest = { name: 'consumer', private: true, dependencies }
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest))
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', ...options], { cwd: project })
}

/** What a package leaves to the application, and an application without it need not have. */
export function peersOf(root: string, name: string): string[] {
  const path = join(root, 'packages', name.replace('@sluice/', ''), 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as {
    peerDependencies?: Record<string, string>
  }
  return Object.keys(manifest.peerDependencies ?? {})
}

/** Gives a project every peer of every package, from the workspace. */
export async function linkPeers(root: string, project: string): Promise<void> {
  const peers = readdirSync(join(root, 'packages')).flatMap((folder) => peersOf(root, folder))
  // React's types are a package of their own.
  for (const peer of new Set([...peers, '@types/react'])) {
    const path = join(project, 'node_modules', peer)
    await mkdir(dirname(path), { recursive: true })
    await symlink(join(root, 'node_modules', peer), path)
  }
}
