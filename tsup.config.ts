import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

interface Manifest {
  exports: Record<string, { '@sluice/source'?: string } | string>
}

/** One build per package: every `exports` entry that names a source becomes ESM, CJS and types. */
function buildOf(folder: string): Options {
  const root = `packages/${folder}`
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as Manifest
  const entry: Record<string, string> = {}
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === 'string' || target['@sluice/source'] === undefined) continue
    const source = target['@sluice/source']
    entry[source.replace('./src/', '').replace(/\.ts$/, '')] = `${root}/${source.slice(2)}`
  }
  return {
    name: folder,
    entry,
    outDir: `${root}/dist`,
    format: ['esm', 'cjs'],
    dts: true,
    // ES2022: an older target rewrites class fields and optional chaining on the hot path.
    target: 'es2022',
    platform: 'neutral',
    splitting: true,
    clean: true,
    treeshake: true,
    skipNodeModulesBundle: true,
    external: [/^node:/],
  }
}

export default defineConfig(readdirSync('packages').map(buildOf))
