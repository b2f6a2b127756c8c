import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkLayers } from './layers/check-layers.ts'
import { type Manifest, type Package, readWorkspace } from './layers/read-workspace.ts'

describe('the layers of the workspace', () => {
  const packages = readWorkspace(fileURLToPath(new URL('..', import.meta.url)))

  it('hold', () => {
    expect(checkLayers(packages)).toEqual([])
  })

  it('are read from every package, without its tests', () => {
    const names = packages.map(({ manifest }) => manifest.name)
    expect(names).toEqual(
      expect.arrayContaining(['core', 'guards', 'sdk'].map((n) => `@sluice/${n}`)),
    )
    for (const { files } of packages) {
      expect(Object.keys(files)).toContain('src/index.ts')
      expect(Object.keys(files).filter((path) => /test|fixture\.ts$/.test(path))).toEqual(
        Object.keys(files).filter((path) => /^src\/testing(\/[\w-]+)?\.ts$/.test(path)),
      )
    }
  })
})

describe('a breach of the layers', () => {
  it('is an arrow that points up, of whatever kind', () => {
    for (const line of [
      `import { flags } from '@sluice/sdk'`,
      `import type { Flags } from '@sluice/sdk'`,
      `export { flags } from '@sluice/sdk'`,
      `export * from '@sluice/sdk'`,
      `export const load = () => import('@sluice/sdk')`,
      `const sdk = require('@sluice/sdk')`,
      `import sdk = require('@sluice/sdk')`,
      `export type Flags = import('@sluice/sdk').Flags`,
    ]) {
      const breaches = check(pack('core', { 'src/index.ts': line }), sdk)
      expect(breaches, line).toContain(
        '@sluice/core src/index.ts imports @sluice/sdk, which is not below @sluice/core',
      )
    }
  })

  it('is an import of ours by guards, even of core', () => {
    const guards = pack(
      'guards',
      { 'src/index.ts': `import '@sluice/core'` },
      { dependencies: { '@sluice/core': '0.1.0' } },
    )
    expect(check(guards, core)).toEqual([
      '@sluice/guards depends on @sluice/core, which is not below it',
      '@sluice/guards src/index.ts imports @sluice/core, which is not below @sluice/guards',
    ])
  })

  it('is a package without a place', () => {
    expect(check(pack('drawer', {}))).toEqual(['@sluice/drawer has no place in the layers'])
  })

  it('is an import past the entries of a package', () => {
    const dependencies = { '@sluice/core': '0.1.0' }
    const deep = { 'src/index.ts': `import '@sluice/core/src/hash.ts'` }
    expect(check(core, pack('stores', deep, { dependencies }))).toEqual([
      '@sluice/stores src/index.ts imports @sluice/core/src/hash.ts, which @sluice/core does not export',
    ])
    const sideways = { 'src/index.ts': `import '@sluice/core'\nimport '../../core/src/index.ts'` }
    expect(check(core, pack('stores', sideways, { dependencies }))).toEqual([
      '@sluice/stores src/index.ts imports ../../core/src/index.ts, which is no source of its package',
    ])
  })

  it('is an import that only a running program knows', () => {
    const files = { 'src/index.ts': 'export const load = (name: string) => import(name)' }
    expect(check(pack('core', files))).toEqual([
      '@sluice/core src/index.ts imports what only a running program knows: import(name)',
    ])
  })

  it('is a cycle between files', () => {
    const files = {
      'src/index.ts': `export { a } from './a.ts'`,
      'src/a.ts': `import { type B, b } from './deep/b.ts'`,
      'src/deep/b.ts': `export { a } from '../a.ts'`,
    }
    expect(check(pack('core', files))).toEqual([
      '@sluice/core has a cycle: src/a.ts → src/deep/b.ts → src/a.ts',
    ])
  })

  it('is a cycle between packages, through manifests too', () => {
    const lower = pack('core', {}, { dependencies: { '@sluice/stores': '0.1.0' } })
    const upper = pack('stores', { 'src/index.ts': `import '@sluice/core'` })
    expect(check(lower, upper)).toContain(
      'packages form a cycle: @sluice/core → @sluice/stores → @sluice/core',
    )
  })

  it('is a dependency that nobody declared', () => {
    const files = { 'src/index.ts': `import type { Pool } from 'pg/lib/pool'` }
    expect(check(pack('core', files))).toEqual([
      '@sluice/core src/index.ts imports pg, which is not declared',
    ])
    expect(check(pack('core', files, { devDependencies: { pg: '8' } }))).toEqual([])
  })

  it('is a declared dependency that no entry reaches', () => {
    const files = { 'src/index.ts': '', 'src/lonely.ts': `import 'pg'` }
    expect(check(pack('core', files, { dependencies: { pg: '8' } }))).toEqual([
      '@sluice/core declares pg and never imports it',
    ])
    expect(check(pack('core', files, { devDependencies: { pg: '8' } }))).toHaveLength(1)
  })

  it('is zod or a platform module behind an entry for browsers', () => {
    const files = {
      'src/index.ts': `export { a } from './a.ts'`,
      'src/engines.ts': '',
      'src/schema.ts': `import 'zod'`,
      'src/a.ts': `import 'zod'\nimport 'node:fs'`,
    }
    const exports = entries('.', './engines', './schema')
    expect(check(pack('core', files, { exports, dependencies: { zod: '4' } }))).toEqual([
      '@sluice/core . reaches zod through src/a.ts',
      '@sluice/core . reaches node:fs through src/a.ts',
    ])
    const engines = { ...files, 'src/a.ts': '', 'src/engines.ts': `import './schema.ts'` }
    expect(check(pack('core', engines, { exports, dependencies: { zod: '4' } }))).toEqual([
      '@sluice/core ./engines reaches zod through src/schema.ts',
    ])
  })

  it('is a read of the environment below the sdk', () => {
    for (const line of [
      'export const home = process.env.HOME',
      `export const home = process['env'].HOME`,
      'export const home = globalThis.process.env.HOME',
      'const { env } = process',
      'const { env: variables } = process',
      `import { env as variables } from 'node:process'`,
      `import here from 'node:process'\nexport const home = here.env.HOME`,
      `import * as here from 'process'\nexport const home = here.env.HOME`,
    ]) {
      const files = { 'src/index.ts': line }
      expect(check(pack('guards', files)), line).toEqual([
        '@sluice/guards src/index.ts reads process.env, which only the sdk may',
      ])
      expect(check(pack('sdk', files)), line).toEqual([])
    }
  })
})

describe('what the layers allow', () => {
  it('is an arrow down, a mention in a comment, and the rest of the process', () => {
    const files = {
      'src/index.ts': `
        // import '@sluice/sdk'; process.env.HOME
        import { on } from 'node:events'
        import '@sluice/core'
        export const text = "import '@sluice/sdk'"
        export const pid = process.pid + process['pid']`,
    }
    const stores = pack('stores', files, { dependencies: { '@sluice/core': '0.1.0' } })
    expect(check(core, stores)).toEqual([])
  })

  it('is a program that loads what its caller names, and what it alone needs', () => {
    const files = {
      'src/index.ts': '',
      'src/run-it.ts': `import 'pg'\nexport const load = (name: string) => import(name)`,
    }
    const manifest = { bin: { 'run-it': './dist/run-it.js' }, dependencies: { pg: '8' } }
    expect(check(pack('core', files, manifest))).toEqual([])
    expect(check(pack('core', files, { dependencies: { pg: '8' } }))).toHaveLength(2)
  })

  it('is a cycle that only a type closes', () => {
    const files = {
      'src/index.ts': `import { b } from './b.ts'`,
      'src/b.ts': `import type { A } from './index.ts'\nimport { type B } from './index.ts'`,
    }
    expect(check(pack('core', files))).toEqual([])
  })
})

const core = pack('core', {})
const sdk = pack('sdk', {})

function check(...packages: Package[]): string[] {
  return checkLayers(packages)
}

function pack(
  name: string,
  files: Record<string, string>,
  { exports = entries('.'), dependencies = {}, ...more }: Partial<Manifest> = {},
): Package {
  return { manifest: { name: `@sluice/${name}`, exports, dependencies, ...more }, files }
}

function entries(...names: string[]): Manifest['exports'] {
  const sourceOf = (name: string) => (name === '.' ? './src/index.ts' : `./src/${name.slice(2)}.ts`)
  return Object.fromEntries(names.map((name) => [name, { '@sluice/source': sourceOf(name) }]))
}
