import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const packages = ['core', 'stores', 'guards', 'rollout', 'sdk']

/**
 * Installs the peers beside this file when the lockfile is newer than what is installed.
 * They stay apart from the workspace: its manifest and lockfile do not name them.
 */
export function installPeers() {
  const lockfile = join(here, 'package-lock.json')
  const installed = join(here, 'node_modules', '.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return
  console.error('installing the peers into test/bench/node_modules')
  execFileSync(
    'npm',
    ['ci', '--prefix', here, '--workspaces=false', '--no-audit', '--no-fund', '--ignore-scripts'],
    {
      cwd: here,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    },
  )
}

/**
 * Builds the workspace where a package's source is newer than its `dist`: what is timed is what is
 * published. If the build fails, the reason goes to standard error and the last build is timed.
 */
export function buildPackages() {
  if (!packages.some(isStale)) return
  console.error('building the packages')
  const built = spawnSync(
    process.execPath,
    [join(root, 'node_modules/tsup/dist/cli-default.js'), '--silent'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  if (built.status !== 0) console.error(`the build failed:\n${built.stdout}${built.stderr}`.trim())
}

/** The version of each installed peer, by package name. */
export function peerVersions(packages) {
  const versions = {}
  for (const name of packages) {
    const manifest = join(here, 'node_modules', name, 'package.json')
    versions[name] = JSON.parse(readFileSync(manifest, 'utf8')).version
  }
  return versions
}

function isStale(folder) {
  const built = join(root, 'packages', folder, 'dist', 'index.js')
  if (!existsSync(built)) return true
  const builtAt = statSync(built).mtimeMs
  const source = join(root, 'packages', folder, 'src')
  return readdirSync(source, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .some((file) => statSync(join(source, file)).mtimeMs > builtAt)
}
