import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Beside the project's own dependencies, which some of the bundle's are loaded from as they are. */
const cache = join(root, 'node_modules/.cache/sluice-cli')
const entry = 'test/cli/sluice-at.ts'
const keptMs = 60 * 60_000

/**
 * Bundles `sluice` with a clock that a test sets, once for all test files and all runs between which no
 * source was written.
 *
 * @returns The program's path.
 */
export async function bundleSluice(): Promise<string> {
  await mkdir(cache, { recursive: true })
  const folder = join(cache, await digestSources())
  const program = join(folder, 'sluice.mjs')
  if (existsSync(program)) return program
  const draft = await mkdtemp(join(cache, 'draft-'))
  await build({
    ...{
      entryPoints: { sluice: join(root, entry) },
      outdir: draft,
      outExtension: { '.js': '.mjs' },
    },
    ...{ bundle: true, platform: 'node', format: 'esm', conditions: ['@sluice/source'] },
    // Started hundreds of times, it reads only what a command needs.
    ...{ splitting: true, minify: true, keepNames: true },
    external: ['jiti', '@babel/parser'],
    // What is bundled from CommonJS still asks for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  })
  // Another worker may have been faster, and made the same.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }))
  await forgetOld(folder)
  return program
}

async function digestSources(): Promise<string> {
  const packages = await readdir(join(root, 'packages'))
  const sources = packages.map((name) => `packages/${name}/src`)
  const listed = await Promise.all(
    sources.map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true }))
        .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
        .map((path) => join(folder, path)),
    ),
  )
  const files = [entry, 'package-lock.json', 'packages/cli/package.json', ...listed.flat().sort()]
  const seen = files.map(async (path) => {
    const { mtimeMs, size } = await stat(join(root, path))
    return [path, mtimeMs, size]
  })
  const text = JSON.stringify(await Promise.all(seen))
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** What a run at the same time may still start is kept. */
async function forgetOld(current: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = join(cache, name)
    const found = await stat(folder).catch(() => undefined)
    if (folder === current || found === undefined || Date.now() - found.mtimeMs < keptMs) continue
    await rm(folder, { recursive: true, force: true })
  }
}
