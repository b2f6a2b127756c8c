import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { runNode } from '../spawn.mjs'
import { boundedRow } from './bounds.mjs'

const program = fileURLToPath(new URL('../../../packages/cli/dist/sluice.js', import.meta.url))
const flagCount = 1_000
const starts = 15

/** `sluice` from its start to its exit: what it adds to a program that does nothing, and a list of flags from a folder. */
export async function cliRows() {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-cli-'))
  try {
    const config = join(folder, 'sluice.config.json')
    await writeFile(config, JSON.stringify({ store: './log', environment: 'production' }))
    const file = join(folder, 'flags.json')
    await writeFile(file, JSON.stringify({ version: 1, flags: manyFlags() }))
    // A folder that is there is an empty log.
    await mkdir(join(folder, 'log'))
    const who = ['--config', config, '--as', 'ada']
    const apply = [program, 'apply', file, ...who, '--yes', '--reason', 'a bench']
    const { code, err } = await runNode(apply)
    if (err.includes('MODULE_NOT_FOUND')) return [absent('sluice --help'), absent('sluice flags')]
    if (code !== 0) throw new Error(err.trim())
    const bare = await fastest(['--input-type=module', '-e', 'export {}'])
    const note = `bare node: ${bare.toFixed(0)} ms; the fastest of ${starts}`
    const help = { value: (await fastest([program, '--help'])) - bare, note }
    const list = { value: await fastest([program, 'flags', ...who]), note }
    return [
      boundedRow('sluice --help, over bare node', help, 'ms', 120, '<= 120 ms'),
      boundedRow('sluice flags, 1,000 in a folder', list, 'ms', 400, '<= 400 ms'),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function absent(title) {
  return boundedRow(title, { absent: 'not built yet' })
}

/** A start is only ever slowed down by what else the machine does. */
async function fastest(args) {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < starts; turn += 1) {
    const startedAt = performance.now()
    const { code, err } = await runNode(args)
    if (code !== 0) throw new Error(err.trim())
    least = Math.min(least, performance.now() - startedAt)
  }
  return least
}

function manyFlags() {
  const entries = Array.from({ length: flagCount }, (_, index) => [
    `flag${index}`,
    {
      ...{ description: `Flag number ${index}`, owner: `team${index % 7}`, enabled: true },
      ...{ rollout: index % 101, environments: ['staging', 'production'] },
    },
  ])
  return Object.fromEntries(entries)
}
