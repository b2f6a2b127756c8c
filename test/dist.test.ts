import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFile } from './layers/read-imports.ts'
import { ensureBuilt, readPackages } from './packed/build.ts'
import { compile, compileWithNode, type Resolution } from './packed/compile.ts'
import { installAll, linkPeers, packAll, peersOf, type Tarball } from './packed/install.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readPackages(root)
const entries = packages.flatMap((each) => each.entries)
/** What these take and give is Node's: requests, sockets, streams. An application needs Node's types for them. */
const nodeEntries = [
  ...['dispatcher', 'proxy', 'reports'].map((name) => `@sluice/rollout/${name}`),
  // OpenFeature's own types take Node's, and a browser's.
  ...['openfeature', 'openfeature/web'].map((name) => `@sluice/sdk/${name}`),
]
const plainEntries = entries.filter((entry) => !nodeEntries.includes(entry))
/** What a package holds besides. */
const extras: Record<string, readonly string[]> = {
  '@sluice/sdk': ['flags.schema.json'],
  // The licences of what is bundled into them.
  '@sluice/stores': ['dist/third-party-licences.txt'],
  '@sluice/rollout': ['dist/third-party-licences.txt'],
}
const consumer = readFileSync(join(root, 'test/packed/consumer.ts'), 'utf8')
const newerNode = 'node@24'
const triesNewerNode = Boolean(process.env.CI || process.env.SLUICE_NEWER_NODE)

/** Arguments of a program that prints, as JSON, the names that entries offer to `import`. */
const listImported = [
  '--input-type=module',
  '--eval',
  `const names = {}
  for (const entry of process.argv.slice(1)) names[entry] = Object.keys(await import(entry)).sort()
  console.log(JSON.stringify(names))`,
]

/** The same for `require`. */
const listRequired = [
  '--input-type=commonjs',
  '--eval',
  `const names = {}
  for (const entry of process.argv.slice(1)) names[entry] = Object.keys(require(entry)).sort()
  console.log(JSON.stringify(names))`,
]

let folder: string
let project: string
let tarballs: Tarball[]

beforeAll(async () => {
  await ensureBuilt(root)
  folder = await mkdtemp(join(tmpdir(), 'sluice-dist-'))
  project = join(folder, 'project')
  tarballs = await packAll(root, join(folder, 'tarballs'))
  await installAll(project, join(folder, 'tarballs'), tarballs)
  await linkPeers(root, project)
}, 300_000)

afterAll(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

describe('the tarballs', () => {
  it('are one of each package', () => {
    expect(tarballs.map(({ name }) => name).sort()).toEqual(packages.map(({ name }) => name).sort())
  })

  it('hold what was built, a README and the licence, and no sources or tests', () => {
    for (const { name, files } of tarballs) {
      const paths = files.map(({ path }) => path)
      const other = paths.filter((path) => !/^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/.test(path))
      const extra = extras[name] ?? []
      expect(other.sort(), name).toEqual(['LICENSE', 'README.md', ...extra, 'package.json'].sort())
      const { targets } = packages.find((each) => each.name === name)!
      expect(paths, name).toEqual(expect.arrayContaining(targets.map((each) => each.slice(2))))
      expect(readInstalled(name, 'LICENSE'), name).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'))
    }
  })

  it('name no package in their types but ours and those that bring their own', () => {
    for (const { name, files } of tarballs) {
      const declarations = files.filter(({ path }) => /\.d\.c?ts$/.test(path))
      expect(declarations.length, name).toBeGreaterThan(1)
      const isTypedByNode = nodeEntries.some((entry) => entry.startsWith(`${name}/`))
      const known = isTypedByNode
        ? /^(\.\/|@sluice\/|zod$|undici$|node:)/
        : /^(\.\/|@sluice\/|zod$)/
      for (const { path } of declarations) {
        const { imports } = readFile(path, readInstalled(name, path))
        const others = imports.filter(
          ({ specifier }) => !known.test(specifier) && !peersOf(root, name).includes(specifier),
        )
        expect(others, `${name} ${path}`).toEqual([])
      }
    }
  })
})

describe('the installed packages', () => {
  it('offer the same names to import and to require', async () => {
    const imported = await node([...listImported, ...entries])
    const required = await node([...listRequired, ...entries])
    const names = JSON.parse(imported) as Record<string, string[]>
    expect(Object.keys(names)).toEqual(entries)
    expect(JSON.parse(required)).toEqual(names)
    for (const [entry, offered] of Object.entries(names)) {
      expect(offered.length, entry).toBeGreaterThan(0)
      expect(offered, entry).not.toContain('default')
    }
  })

  it('recognise an error of their other copy', async () => {
    const program = `
      import assert from 'node:assert'
      import { createRequire } from 'node:module'
      import * as imported from '@sluice/core'
      import { errorRate } from '@sluice/guards'
      const require = createRequire(import.meta.url)
      const required = require('@sluice/core')
      assert.notEqual(imported.SluiceError, required.SluiceError)
      assert(imported.isSluiceError(new required.SluiceError('refused', 'why')))
      assert(required.isSluiceError(new imported.SluiceError('refused', 'why')))
      assert.throws(() => require('@sluice/guards').errorRate({ floorRatio: 2 }), imported.isSluiceError)
      assert.throws(() => errorRate({ floorRatio: 2 }), required.isSluiceError)
      assert(!imported.isSluiceError(new Error('refused')))`
    expect(await node(['--input-type=module', '--eval', program])).toBe('')
  })

  it.each<Resolution>(['node16', 'nodenext'])(
    'compile in an application as ESM and as CJS, and run there: %s',
    async (resolution) => {
      const files = {
        'consumer.mts': consumer,
        'consumer.cts': consumer,
        ...importing(plainEntries),
      }
      expect(compile(project, files, resolution)).toEqual([])
      expect(compileWithNode(project, importing(nodeEntries), resolution)).toEqual([])
      expect(await node(['consumer.mjs'])).toBe('')
      expect(await node(['consumer.cjs'])).toBe('')
    },
  )

  it('compile in an application that is bundled', () => {
    expect(compile(project, { 'consumer.ts': consumer }, 'bundler')).toEqual([])
  })

  it('refuse a program that is wrong', () => {
    const wrong = `import { defineFlags } from '@sluice/sdk'\ndefineFlags({ a: { rollouts: 5 } })`
    for (const name of ['wrong.mts', 'wrong.cts']) {
      expect(compile(project, { [name]: wrong }, 'nodenext').join()).toContain('rollouts')
    }
  })

  const withProgram = packages.map(({ name }) => name).filter((name) => name !== '@sluice/cli')
  it.each(['.', ...withProgram])('run the first program of the README of %s', async (name) => {
    const page =
      name === '.'
        ? readFileSync(join(root, 'README.md'), 'utf8')
        : readInstalled(name, 'README.md')
    const program = /^```ts\n(.*?)^```$/ms.exec(page)?.[1]
    expect(program, 'a block of code').toBeDefined()
    await writeFile(join(project, 'readme.mts'), program!)
    await build({
      entryPoints: [join(project, 'readme.mts')],
      outfile: join(project, 'readme.mjs'),
    })
    expect(await node(['readme.mjs'])).not.toBe('')
  })

  it(`import and run under ${newerNode}`, { timeout: 180_000 }, async ({ skip }) => {
    if (!triesNewerNode) {
      const reason = `${newerNode} is fetched only where CI or SLUICE_NEWER_NODE is set`
      process.stdout.write(`skipped: ${reason}\n`)
      skip(reason)
    }
    const files = { 'newer.mts': consumer, 'newer.cts': consumer }
    expect(compile(project, files, 'nodenext')).toEqual([])
    const { stdout } = await run('npx', ['-y', newerNode, '-p', 'process.execPath'])
    const binary = stdout.trim()
    expect(await node(['-p', 'process.version'], binary)).toMatch(/^v24\./)
    const imported = await node([...listImported, ...entries], binary)
    expect(JSON.parse(await node([...listRequired, ...entries], binary))).toEqual(
      JSON.parse(imported),
    )
    expect(await node(['newer.mjs'], binary)).toBe('')
    expect(await node(['newer.cjs'], binary)).toBe('')
  })
})

describe('sluice-contract', () => {
  const start = (program: string, parameters: readonly string[]) => {
    const { NODE_OPTIONS: _, ...env } = process.env
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(program, parameters, { cwd: project, env }, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stdout, stderr })
      })
    })
  }
  // What npx starts, and in a tenth of its time.
  const contract = (...parameters: string[]) =>
    start('node_modules/.bin/sluice-contract', parameters)

  it('passes the store of the guide, in a project that has nothing but the tarballs', async () => {
    await build({
      entryPoints: [join(root, 'examples/custom-store/folder-store.ts')],
      outfile: join(project, 'folder-store.mjs'),
    })
    await writeFile(join(project, 'my-store.mjs'), myStore)
    const command = ['--no-install', 'sluice-contract', './my-store.mjs']
    const { code, stdout, stderr } = await start('npx', command)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^folder store: the store contract\n {2}✓ begins empty\n/)
    expect(stdout).toMatch(/\n\d\d passed, 0 failed\n$/)
    expect(stdout).not.toContain('✗')
    expect(stdout).not.toContain('two processes')
  })

  it('names what a broken store does not hold, and why', async () => {
    await writeFile(join(project, 'broken-store.cjs'), brokenStore)
    const { code, stdout } = await contract('./broken-store.cjs', '--limit', '10')
    expect(code).toBe(1)
    expect([...stdout.matchAll(/✗ (.*)/g)].map(([, title]) => title)).toEqual([
      'reads after a revision, and no more than the limit',
      'keeps a commit of the largest size',
      'wakes a watcher, if it can, until the watcher stops',
    ])
    expect(stdout).toContain('Expected values to be strictly deep-equal')
    expect(stdout).toContain('It did not end within 10000 ms')
    expect(stdout).toContain('not asked, without reopen: two processes')
    expect(stdout).toMatch(/\n\d\d passed, 3 failed\n$/)
  })

  it('says what is wrong with a call', async () => {
    await writeFile(join(project, 'no-store.mjs'), 'export const make = () => {}')
    const refusals: [string[], string][] = [
      [[], 'Name one module'],
      [['./gone.mjs'], './gone.mjs cannot be loaded'],
      [['./no-store.mjs'], './no-store.mjs exports no function "create"'],
      [['./my-store.mjs', '--limit', '0'], '--limit takes seconds'],
      [['./my-store.mjs', '--strict'], "'--strict'"],
    ]
    for (const [parameters, text] of refusals) {
      const { code, stdout, stderr } = await contract(...parameters)
      expect([code, stdout], text).toEqual([2, ''])
      expect(stderr).toContain(text)
    }
    expect(await contract('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: sluice-contract <module>'),
    })
  })
})

describe('sluice', () => {
  it('takes its first steps in a project that has nothing but the tarballs', async () => {
    const folder = join(project, 'first-steps')
    await mkdir(folder)
    const { NODE_OPTIONS: _, ...env } = process.env
    const sluice = (...words: string[]) =>
      run(join(project, 'node_modules/.bin/sluice'), words, { cwd: folder, env })
    expect((await sluice('init')).stdout).toContain('sluice flags')
    const note = ['--as', 'ada', '--reason', 'a first look']
    await sluice('enable', 'newCheckout', '--env', 'development', ...note)
    const { stdout } = await sluice('flags', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ environment: 'development' })
    expect(stdout).toContain('newCheckout')
  })
})

describe('in a browser', () => {
  it.each([
    { name: 'createFlagSet', entry: '@sluice/core', mostBytes: 5_000 },
    { name: 'createBrowserFlags', entry: '@sluice/sdk/browser', mostBytes: 6_000 },
  ])('$name weighs at most $mostBytes bytes', async ({ name, entry, mostBytes }) => {
    const { outputFiles } = await build({
      stdin: { contents: `export { ${name} } from '${entry}'`, resolveDir: project },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      write: false,
    })
    const { length } = gzipSync(outputFiles[0]!.contents, { level: 9 })
    expect(length).toBeLessThanOrEqual(mostBytes)
  })

  it('the hooks are told apart from what runs on a server', () => {
    for (const file of ['react.js', 'react.cjs']) {
      expect(readInstalled('@sluice/sdk', `dist/${file}`)).toMatch(/^'use client'\n/)
    }
  })
})

const run = promisify(execFile)

/** What somebody writes to hold the store of the guide to the contract. */
const myStore = `
  import { mkdtemp } from 'node:fs/promises'
  import { createFolderStore } from './folder-store.mjs'
  const folders = new Map()
  const open = (folder) => {
    const store = createFolderStore(folder)
    folders.set(store, folder)
    return store
  }
  export const name = 'folder store'
  export const create = async () => open(await mkdtemp('log-'))
  export const reopen = async (store) => open(folders.get(store))`

/** A store that gives too much, takes too little, and never answers. */
const brokenStore = `
  const { createMemoryStore } = require('@sluice/stores/memory')
  exports.create = async () => {
    const { compact, startAfter, exchange, ...store } = createMemoryStore()
    return {
      ...store,
      read: (after, limit) => store.read(after, limit && limit + 1),
      append: async (commit) => {
        if (JSON.stringify(commit).length > 500_000) throw new Error('too large')
        return store.append(commit)
      },
      watch: () => new Promise(() => {}),
    }
  }`

/** Modules that read the declarations of entries, in both module systems. */
function importing(from: readonly string[]): Record<string, string> {
  const text = from.map((entry, index) => `export * as entry${index} from '${entry}'\n`).join('')
  return { 'entries.mts': text, 'entries.cts': text }
}

function readInstalled(name: string, path: string): string {
  return readFileSync(join(project, 'node_modules', name, path), 'utf8')
}

/** What a program of the project prints under plain Node; it fails on a word to stderr. */
async function node(parameters: readonly string[], binary = process.execPath): Promise<string> {
  // Options of this process, such as the workspace's condition, are not the application's.
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout, stderr } = await run(binary, parameters, { cwd: project, env })
  expect(stderr).toBe('')
  return stdout.trim()
}
