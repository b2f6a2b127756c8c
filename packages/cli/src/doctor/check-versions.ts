import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { type Finding, isAtLeast } from './finding.ts'

/** The oldest Node that the packages run on. */
const leastNode = [20, 19]

const packages = ['core', 'stores', 'guards', 'rollout', 'sdk', 'cli'].map(
  (name) => `@sluice/${name}`,
)

export function checkNode(version = process.versions.node): Finding {
  const found = `Node ${version}`
  if (isAtLeast(version, leastNode)) return { name: 'node', status: 'ok', found }
  const remedy = `Install Node ${leastNode.join('.')} or newer.`
  return { name: 'node', status: 'fail', found, remedy }
}

/**
 * Holds the packages that a project has installed to this command's version: they are released together, and
 * write into one log.
 *
 * @param folder The folder of the configuration.
 */
export async function checkPackages(folder: string): Promise<Finding> {
  const name = 'packages'
  const { version } = manifest
  const found = await Promise.all(
    packages.map(async (each) => [each, await readVersion(each, folder)] as const),
  )
  const there = found.filter(([, installed]) => installed !== undefined)
  if (there.length === 0) {
    return { name, status: 'ok', found: `this is ${version}; the project has none installed` }
  }
  const others = there.filter(([, installed]) => installed !== version)
  if (others.length === 0) {
    return { name, status: 'ok', found: `${there.length} of @sluice, all ${version}` }
  }
  const listed = others.map(([each, installed]) => `${each} ${installed}`).join(', ')
  const remedy = `Install one version of all: npm install ${others.map(([each]) => `${each}@${version}`).join(' ')}`
  return { name, status: 'warn', found: `${listed}, while this is ${version}`, remedy }
}

async function readVersion(name: string, folder: string): Promise<string | undefined> {
  try {
    const file = createRequire(join(folder, 'package.json')).resolve(`${name}/package.json`)
    return (JSON.parse(await readFile(file, 'utf8')) as { version?: string }).version
  } catch {
    // It is not installed there.
    return undefined
  }
}
