import { findCycle, reachableFrom, readSources, type SourceFile } from './import-graph.ts'
import type { Manifest, Package } from './read-workspace.ts'

/** Who may import whom. A new package takes its place here. */
const below: Readonly<Record<string, readonly string[]>> = {
  '@sluice/core': [],
  '@sluice/guards': [],
  '@sluice/stores': ['@sluice/core'],
  '@sluice/rollout': ['@sluice/core', '@sluice/stores', '@sluice/guards'],
  '@sluice/sdk': ['@sluice/core', '@sluice/stores', '@sluice/guards', '@sluice/rollout'],
  '@sluice/cli': [
    '@sluice/core',
    '@sluice/stores',
    '@sluice/guards',
    '@sluice/rollout',
    '@sluice/sdk',
  ],
}

/** The entries that a browser loads: they carry no validation and no platform module. */
const browserEntries: Readonly<Record<string, readonly string[]>> = {
  '@sluice/core': ['.', './engines'],
  '@sluice/sdk': ['./browser', './react', './openfeature/web'],
}

/** Sources of programs that load what a user names: a configuration, the driver of a store. */
const loaders: readonly string[] = ['@sluice/cli src/load-module.ts']

/** The packages that may ask the process for its variables. */
const environmentReaders: readonly string[] = ['@sluice/sdk', '@sluice/cli']

interface Unit extends Package {
  readonly sources: ReadonlyMap<string, SourceFile>
}

/** Every breach of the layer rules in a workspace, one sentence each; none when all hold. */
export function checkLayers(packages: readonly Package[]): string[] {
  const units = packages.map((each): Unit => ({ ...each, sources: readSources(each) }))
  return [
    ...units.flatMap((unit) => [
      ...checkArrows(unit, units),
      ...checkDependencies(unit),
      ...checkFileCycle(unit),
      ...checkBrowserEntries(unit),
      ...checkEnvironment(unit),
    ]),
    ...checkPackageCycle(units),
  ]
}

function checkArrows({ manifest, sources }: Unit, units: readonly Unit[]): string[] {
  const { name } = manifest
  const lower = below[name]
  if (lower === undefined) return [`${name} has no place in the layers`]
  const breaches: string[] = []
  for (const dependency of dependenciesOf(manifest)) {
    if (dependency in below && !lower.includes(dependency)) {
      breaches.push(`${name} depends on ${dependency}, which is not below it`)
    }
  }
  for (const file of sources.values()) {
    const where = `${name} ${file.path}`
    // A program loads what its caller names.
    const isLoader = programsOf(manifest).includes(file.path) || loaders.includes(where)
    const unreadable = isLoader ? [] : file.unreadable
    for (const expression of unreadable) {
      breaches.push(`${where} imports what only a running program knows: ${expression}`)
    }
    for (const { specifier, to } of file.arrows) {
      // Its own manifest, for its version, goes into what is built.
      if (to.kind === 'file' && to.path !== 'package.json' && !sources.has(to.path)) {
        breaches.push(`${where} imports ${specifier}, which is no source of its package`)
      }
      if (to.kind !== 'package') continue
      const target = units.find((unit) => unit.manifest.name === to.name)
      if (target === undefined) continue
      if (!lower.includes(to.name)) {
        breaches.push(`${where} imports ${specifier}, which is not below ${name}`)
      } else if (!(to.entry in target.manifest.exports)) {
        breaches.push(`${where} imports ${specifier}, which ${to.name} does not export`)
      }
    }
  }
  return breaches
}

function checkDependencies({ manifest, sources }: Unit): string[] {
  const { name } = manifest
  const declared = dependenciesOf(manifest)
  const breaches: string[] = []
  for (const file of sources.values()) {
    for (const dependency of packagesOf(file)) {
      if (!declared.includes(dependency)) {
        breaches.push(`${name} ${file.path} imports ${dependency}, which is not declared`)
      }
    }
  }
  // Only what an entry or a program reaches is used: a helper of tests keeps no dependency alive.
  const entries = Object.keys(manifest.exports).flatMap(sourceOf(manifest))
  const shipped = reachableFrom(sources, [...entries, ...programsOf(manifest)])
  const used = new Set(shipped.flatMap(packagesOf))
  for (const dependency of declared) {
    if (!used.has(dependency)) breaches.push(`${name} declares ${dependency} and never imports it`)
  }
  return breaches
}

/** Types are erased: a type and its checker may name each other, since no load order can break. */
function checkFileCycle({ manifest, sources }: Unit): string[] {
  const graph = new Map(
    [...sources.values()].map(({ path, arrows }) => [
      path,
      arrows.flatMap(({ to, isTypeOnly }) => (to.kind === 'file' && !isTypeOnly ? to.path : [])),
    ]),
  )
  const cycle = findCycle(graph)
  return cycle === undefined ? [] : [`${manifest.name} has a cycle: ${cycle.join(' → ')}`]
}

function checkPackageCycle(units: readonly Unit[]): string[] {
  const graph = new Map(
    units.map(({ manifest, sources }) => [
      manifest.name,
      [...dependenciesOf(manifest), ...[...sources.values()].flatMap(packagesOf)],
    ]),
  )
  const cycle = findCycle(graph)
  return cycle === undefined ? [] : [`packages form a cycle: ${cycle.join(' → ')}`]
}

function checkBrowserEntries({ manifest, sources }: Unit): string[] {
  const { name } = manifest
  return (browserEntries[name] ?? []).flatMap((entry) =>
    reachableFrom(sources, sourceOf(manifest)(entry)).flatMap(({ path, arrows }) =>
      arrows
        .filter(({ to }) => to.kind === 'platform' || (to.kind === 'package' && to.name === 'zod'))
        .map(({ specifier }) => `${name} ${entry} reaches ${specifier} through ${path}`),
    ),
  )
}

function checkEnvironment({ manifest, sources }: Unit): string[] {
  if (environmentReaders.includes(manifest.name)) return []
  return [...sources.values()]
    .filter((file) => file.readsEnvironment)
    .map(({ path }) => `${manifest.name} ${path} reads process.env, which only the sdk may`)
}

/** What a package may import. A development dependency of its own is one that its build bundles. */
function dependenciesOf(manifest: Manifest): string[] {
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest
  return Object.keys({
    ...dependencies,
    ...devDependencies,
    ...peerDependencies,
    ...optionalDependencies,
  })
}

function packagesOf({ arrows }: SourceFile): string[] {
  return arrows.flatMap(({ to }) => (to.kind === 'package' ? to.name : []))
}

/** The source files behind the programs of a package. */
function programsOf({ bin = {} }: Manifest): string[] {
  return Object.keys(bin).map((name) => `src/${name}.ts`)
}

/** The source file behind an entry of `exports`, where it has one. */
function sourceOf({ exports }: Manifest): (entry: string) => string[] {
  return (entry) => {
    const target = exports[entry]
    const source = typeof target === 'object' ? target['@sluice/source'] : undefined
    return source === undefined ? [] : [source.replace(/^\.\//, '')]
  }
}
