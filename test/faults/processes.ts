import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles a program from `programs/` once, so that each run starts as fast as bare Node. */
export async function bundleProgram(name: string, outputDirectory: string): Promise<string> {
  const outfile = join(outputDirectory, `${name}.mjs`)
  await build({
    entryPoints: [fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@sluice/source'],
    // What is bundled and CommonJS asks for Node's modules by it.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  })
  return outfile
}

/** A program that runs, and what it has said so far. */
export interface Running {
  readonly child: ChildProcess
  readonly said: () => string
  /** Resolves when the first full line has come, or the program has ended. */
  readonly firstLine: Promise<void>
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Runs a program from `programs/` as it stands: for those whose drivers do not take to bundling. */
export function runSource(name: string, args: readonly string[]): Running {
  const program = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  return run(program, args, ['--import', 'tsx', '-C', '@sluice/source'])
}

export function run(
  program: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Running {
  const child = spawn(process.execPath, [...nodeOptions, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let errors = ''
  let spoke = () => {}
  const firstLine = new Promise<void>((resolve) => {
    spoke = resolve
  })
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.includes('\n')) spoke()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk
  })
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('close', (code, signal) => {
      spoke()
      if (code !== 0 && code !== null) reject(new Error(`${program} failed: ${errors}`))
      else resolve(code ?? signal ?? 'unknown')
    })
  })
  return { child, said: () => text, firstLine, ended }
}

/** Lines that came whole: a kill may cut the last one short. */
export function wholeLines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
}

/** A small random number generator (mulberry32), so that a failing run can be repeated by its seed. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
