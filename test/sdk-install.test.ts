import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

interface Locked {
  readonly resolved?: string
  readonly link?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

const lockFile = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as {
  packages: Record<string, Locked>
}

/** Every package that comes along with one, itself among them. */
function installedWith(name: string, found = new Map<string, Locked>()): Map<string, Locked> {
  if (found.has(name)) return found
  const entry = packages[`node_modules/${name}`]!
  const locked = entry.link ? packages[entry.resolved!]! : entry
  found.set(name, locked)
  for (const each of Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })) {
    installedWith(each, found)
  }
  return found
}

it('@sluice/sdk installs no more than twelve packages, and none that runs a script', () => {
  const installed = installedWith('@sluice/sdk')
  expect([...installed.keys()].sort()).toEqual([
    ...['@sluice/core', '@sluice/guards', '@sluice/rollout', '@sluice/sdk', '@sluice/stores'],
    ...['eventemitter3', 'murmurhash', 're2js', 'semver', 'undici', 'yaml', 'zod'],
  ])
  const scripted = [...installed].filter(([, { hasInstallScript }]) => hasInstallScript)
  expect(scripted).toEqual([])
})
