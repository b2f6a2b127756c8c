import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const page = fileURLToPath(new URL('../docs/stores.md', import.meta.url))
const text = await readFile(page, 'utf8')
const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!)

describe('docs/stores.md', () => {
  it('shows code', () => {
    expect(blocks.length).toBeGreaterThan(4)
  })

  for (const [index, block] of blocks.entries()) {
    it(`runs its program ${index + 1}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
      const program = join(directory, 'program.mjs')
      const { outputFiles } = await build({
        stdin: { contents: block, loader: 'ts', resolveDir: dirname(page) },
        bundle: true,
        write: false,
        platform: 'node',
        format: 'esm',
        conditions: ['@sluice/source'],
      })
      await writeFile(program, outputFiles[0]!.text)
      const { stderr } = await promisify(execFile)(process.execPath, [program], { cwd: directory })
      expect(stderr).toBe('')
      await rm(directory, { recursive: true })
    })
  }
})
