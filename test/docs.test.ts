import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = [
  ...markdownIn('.', false),
  ...markdownIn('docs', true),
  ...readdirSync(join(root, 'packages')).flatMap((name) => markdownIn(`packages/${name}`, false)),
].sort()

interface Block {
  readonly name: string
  readonly page: string
  readonly code: string
  /** What it must print: a block of text right behind it. */
  readonly prints: string | undefined
}

/** Programs by themselves. A block that names its file first is part of a project: `test/frameworks` compiles and runs it. */
const blocks: Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8')
  const found = text.matchAll(
    /^```ts\n(?!\/\/ [\w./-]+\.ts\n)(.*?)^```$(?:\n\n```text\n(.*?)^```$)?/gms,
  )
  return [...found].map(([, code = '', prints], index) => ({
    name: `${page} block ${index + 1}`,
    page,
    code,
    prints,
  }))
})

describe('the documents', () => {
  it('link only to what is there', () => {
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
        (match) => match[1] ?? '',
      )
      return links
        .filter((link) => !existsSync(resolve(root, dirname(page), link)))
        .map((link) => `${page}: ${link}`)
    })
    expect(broken).toEqual([])
  })

  it('show code whose types are right', () => {
    expect(blocks.length).toBeGreaterThan(10)
    expect(compile(blocks)).toEqual([])
  })

  describe('each', () => {
    let programs: string

    beforeAll(async () => {
      programs = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
      await bundle(blocks, programs)
    })

    afterAll(() => rm(programs, { recursive: true, force: true }))

    it.each(blocks)('$name runs, and prints what it says', async ({ name, prints }) => {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
      try {
        const program = join(programs, `${fileOf(name)}.mjs`)
        const { stdout, stderr } = await run(process.execPath, [program], { cwd: directory })
        expect(stderr).toBe('')
        if (prints !== undefined) expect(stdout).toBe(prints)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    })
  })
})

const run = promisify(execFile)

function markdownIn(folder: string, recursive: boolean): string[] {
  return (
    readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
      // What `npm run docs` has generated from docstrings is not written by hand.
      .filter((name) => name.endsWith('.md') && !/^(api|\.vitepress)\//.test(name))
      .map((name) => join(folder, name))
  )
}

/** What the compiler says of the blocks, each as a module beside its page. */
function compile(all: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = new Map(
    all.map(({ page, code }, index) => [join(root, `${page}.${index}.ts`), code]),
  )
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (name) => files.get(name) ?? readFile(name)
  host.fileExists = (name) => files.has(name) || fileExists(name)
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  )
}

/** All programs at once, with what they share in files that they share: to bundle the SDK for each took as long as to run it. */
async function bundle(all: readonly Block[], folder: string): Promise<void> {
  const sources = new Map(all.map((block) => [`block:${fileOf(block.name)}`, block]))
  await build({
    entryPoints: [...sources.keys()].map((name) => ({ in: name, out: name.slice(6) })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    plugins: [
      {
        name: 'blocks',
        setup(bundler) {
          bundler.onResolve({ filter: /^block:/ }, ({ path }) => ({ path, namespace: 'block' }))
          bundler.onLoad({ filter: /.*/, namespace: 'block' }, ({ path }) => {
            const { code, page } = sources.get(path)!
            return { contents: code, loader: 'ts', resolveDir: dirname(join(root, page)) }
          })
        },
      },
    ],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@sluice/source'],
    // What is bundled from CommonJS still asks for Node's own modules by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
}

function fileOf(name: string): string {
  return name.replaceAll(/\W+/g, '-')
}
