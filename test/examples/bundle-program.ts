import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Bundles a program of ours from its sources into one file: started often, it starts fast.
 *
 * @param entry From the project's folder.
 * @param external Packages that are left out, and found from the folder of the outfile.
 */
export async function bundleProgram(
  entry: string,
  outfile: string,
  external: string[] = [],
): Promise<void> {
  await build({
    external,
    ...{ entryPoints: [join(root, entry)], outfile, bundle: true, platform: 'node', format: 'esm' },
    conditions: ['@sluice/source'],
    // What is bundled from CommonJS still asks for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url)",
    },
  })
}

/** Runs a bundled program to its end; one that fails rejects with what it wrote. */
export async function runProgram(
  program: string,
  args: readonly string[] = [],
): Promise<{ lines: string[]; stderr: string }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args])
  return { lines: stdout.split('\n'), stderr }
}
