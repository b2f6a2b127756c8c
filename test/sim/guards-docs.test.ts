import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const page = fileURLToPath(new URL('../../docs/guards.md', import.meta.url))

describe('docs/guards.md', () => {
  it('shows a program that runs and rolls the bad canary back', async () => {
    const text = await readFile(page, 'utf8')
    const [program] = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!)
    const directory = await mkdtemp(join(tmpdir(), 'sluice-docs-'))
    const file = join(directory, 'program.mjs')
    const { outputFiles } = await build({
      stdin: { contents: program!, loader: 'ts', resolveDir: dirname(page) },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      conditions: ['@sluice/source'],
    })
    await writeFile(file, outputFiles[0]!.text)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file])
    await rm(directory, { recursive: true })
    expect(stderr).toBe('')
    expect(stdout).toContain('error_rate: fail (rollback)')
    expect(stdout.trim().split('\n')).toHaveLength(4)
  })
})
