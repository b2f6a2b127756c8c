import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const page = fileURLToPath(new URL('../docs/rollouts.md', import.meta.url))
const root = dirname(dirname(page))
const text = await readFile(page, 'utf8')
const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '')

/** What the compiler says of the blocks, each as a module beside the page. */
function compile(): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = new Map(blocks.map((block, index) => [`${page}.${index + 1}.ts`, block]))
  const host = ts.createCompilerHost(options)
  const { readFile: read, fileExists: exists } = host
  host.readFile = (name) => files.get(name) ?? read(name)
  host.fileExists = (name) => files.has(name) || exists(name)
  const program = ts.createProgram([...files.keys()], options, host)
  return [...files.keys()].flatMap((name) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  )
}

async function run(block: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
  const program = join(directory, 'program.mjs')
  const { outputFiles } = await build({
    stdin: { contents: block, loader: 'ts', resolveDir: dirname(page) },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    conditions: ['@sluice/source'],
    // What is bundled from CommonJS still asks for Node's own modules by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  await writeFile(program, outputFiles[0]?.text ?? '')
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program])
  await rm(directory, { recursive: true })
  expect(stderr).toBe('')
  return stdout
}

describe('docs/rollouts.md', () => {
  it('shows code whose types are right', () => {
    expect(blocks).toHaveLength(3)
    expect(compile()).toEqual([])
  })

  it.each([
    ['rollout_started: newCheckout is at', 0, /^rollout_started: .*\n(.*\n)*paused: .*\nresumed: /],
    ['a refused plan', 1, /^3 stages\ninvalid_plan \/stages\/1\/rolloutPercent more than the 50 /],
    ['a rehearsed rollback', 2, /^running\nrolled_back\n$/],
  ])('runs its program about %s', async (_name, index, output) => {
    expect(await run(blocks[index] ?? '')).toMatch(output)
  })
})
