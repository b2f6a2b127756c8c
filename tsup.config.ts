import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

interface Manifest {
  exports: Record<string, { '@sluice/source'?: string } | string>
  bin?: Record<string, string>
  devDependencies?: Record<string, string>
}

/**
 * Sources that wrap a dependency which a bundler may not drop, because it is CommonJS. In a file of
 * their own they are left out where nobody calls them: a browser's evaluator would carry 800 bytes
 * of murmurhash for `bucketOf` alone.
 */
const apart: Record<string, readonly string[]> = { core: ['bucket-of'] }

/**
 * One build per package: every `exports` entry that names a source becomes ESM, CJS and types, and
 * every `bin` a program, from the source of the same name. A package's own development dependencies
 * are bundled into it, with their licences beside.
 */
function buildOf(folder: string): Options {
  const root = `packages/${folder}`
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Manifest
  const entry: Record<string, string> = {}
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === 'string' || target['@sluice/source'] === undefined) continue
    const source = target['@sluice/source']
    entry[source.replace('./src/', '').replace(/\.ts$/, '')] = `${root}/${source.slice(2)}`
  }
  const programs = Object.keys(manifest.bin ?? {}).map(
    (name) => [name, `${root}/src/${name}.ts`] as const,
  )
  const bundled = Object.keys(manifest.devDependencies ?? {})
  const wrappers = (apart[folder] ?? []).map((name) => [name, `${root}/src/${name}.ts`] as const)
  return {
    name: folder,
    entry: { ...entry, ...Object.fromEntries([...programs, ...wrappers]) },
    outDir: `${root}/dist`,
    format: ['esm', 'cjs'],
    dts: { entry },
    // ES2022: an older target rewrites class fields and optional chaining on the hot path.
    target: 'es2022',
    platform: 'neutral',
    splitting: true,
    clean: true,
    treeshake: true,
    skipNodeModulesBundle: true,
    external: [/^node:/],
    noExternal: bundled,
    // CommonJS names its entry in `main`, which a neutral build does not read unasked.
    esbuildOptions: (options) => {
      options.mainFields = ['module', 'main']
    },
    onSuccess: async () => {
      keepDirectives(entry, `${root}/dist`)
      keepLicences(bundled, `${root}/dist`)
    },
  }
}

/** A bundler drops the directive by which a framework tells what runs in a page: it is put back. */
function keepDirectives(entry: Record<string, string>, folder: string): void {
  for (const [name, source] of Object.entries(entry)) {
    const [directive] = /^'use client'\n/m.exec(readFileSync(source, 'utf8')) ?? []
    if (directive === undefined) continue
    for (const path of [`${folder}/${name}.js`, `${folder}/${name}.cjs`]) {
      writeFileSync(path, directive + readFileSync(path, 'utf8'))
    }
  }
}

/** Who bundles a library hands on its licence. */
function keepLicences(bundled: readonly string[], folder: string): void {
  if (bundled.length === 0) return
  const texts = bundled.map(
    (name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`,
  )
  writeFileSync(`${folder}/third-party-licences.txt`, texts.join('\n'))
}

export default defineConfig(readdirSync('packages').map(buildOf))
