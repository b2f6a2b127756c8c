import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

/** Drivers that are CommonJS call `require`, which a bundle in ESM does not have. */
const requireBanner =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

/** Runs a program in a process and a folder of its own, and gives what it printed once it ended by itself. */
export async function runProgram(code: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-program-'))
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: code,
        loader: 'ts',
        resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      conditions: ['@sluice/source'],
      external: ['pg-native'],
      banner: { js: requireBanner },
    })
    const program = join(directory, 'program.mjs')
    await writeFile(program, outputFiles[0]?.text ?? '')
    const { stdout } = await promisify(execFile)(process.execPath, [program], {
      cwd: directory,
      env: { ...process.env, ...env },
      timeout: 30_000,
    })
    return stdout
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
