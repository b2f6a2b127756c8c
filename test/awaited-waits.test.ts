import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

// A manual clock cannot show this: a timer that nothing else keeps alive ends a process in the
// middle of an await, without a word.
describe('a process whose only work is to await', () => {
  it('lives until ready gives up on a store that is not there', async () => {
    const printed = await run(`
      import { createFileStore, openFlags } from '@sluice/sdk'
      const flags = openFlags({ store: createFileStore({ directory: './not-mounted' }) })
      console.log(await flags.ready({ timeoutMs: 300 }), flags.status)
    `)
    expect(printed).toBe('false defaults\n')
  })

  it('lives until a change is confirmed by a store that loses replies', async () => {
    const printed = await run(`
      import { createMemoryStore, openFlags } from '@sluice/sdk'
      const store = createMemoryStore()
      let lost = 0
      const flaky = {
        ...store,
        append: async (commit) => {
          if (lost++ < 2) throw new Error('lost')
          await store.append(commit)
        },
      }
      const flags = openFlags({ store: flaky, environment: 'production', definitions: { a: {} } })
      const commit = await flags.disable('a', { actor: 'ann', reason: 'a test' })
      console.log(commit.revision, commit.action)
    `)
    expect(printed).toBe('1 disable\n')
  })

  it('lives until a look gives up on a metric source that never answers', async () => {
    const printed = await run(`
      import { canary, createRolloutController, errorRate, openFlags } from '@sluice/sdk'
      const flags = openFlags({ environment: 'production', definitions: { a: { enabled: true } } })
      const controller = createRolloutController({
        flags, flag: 'a', tickMs: 20, guards: [errorRate()], source: { read: () => new Promise(() => {}) },
      })
      controller.on('error', (error) => console.log(error.code))
      await controller.start({ actor: 'ann', reason: 'a test' })
      await controller.tick()
      console.log(controller.state.phase)
    `)
    expect(printed).toMatch(/^(look_timeout\n)+running\n$/)
  })
})

async function run(code: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-waits-'))
  try {
    const { outputFiles } = await build({
      stdin: { contents: code, loader: 'ts', resolveDir: root },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      conditions: ['@sluice/source'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
      },
    })
    const program = join(directory, 'program.mjs')
    await writeFile(program, outputFiles[0]?.text ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: directory })
    return stdout
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
