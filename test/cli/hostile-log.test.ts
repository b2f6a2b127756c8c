import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReplica } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

/** Clears a screen in seven and in eight bits, hides what follows, and turns its direction. */
const hostile = 'x\u001b[2J\u009b2J\u001b[8m\u202e\u2066\r\u0007y'
/** What the name of a variant or a rule may hold of it, and what a key of the log may. */
const hostileName = 'x\u009b2J\u202ey'
const hostileKey = 'x\u202e\u2066y'

let folder: string
let world: MemoryWorld

/** Runs a line whose words are given one by one, in a window without colours. */
async function run(...words: readonly string[]) {
  const { outcome } = world.start(['sluice', ...words.map((word) => `"${word}"`)].join(' '), {
    ...{ env: { NO_COLOR: '1' }, isTTY: true },
  })
  const { stdout, stderr } = await outcome
  return { stdout, stderr, shown: stdout + stderr }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-hostile-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  const variants = { [hostileName]: hostile, b: 'b' }
  const rules = [
    { id: hostileName, if: { attribute: hostileName, is: hostile }, serve: hostileName },
  ]
  const about = { description: hostile, owner: hostile, tags: [hostile], expiresAt: '2026-01-01' }
  const definitions = {
    [hostileKey]: {
      ...{ enabled: true, variants, offVariant: 'b', rules, ...about },
      split: { [hostileName]: 50, b: 50 },
      environments: ['production'],
    },
    plain: { enabled: true, environments: ['production'] },
    other: { enabled: true, environments: ['production'] },
  }
  await writeFile(
    join(folder, 'sluice.config.json'),
    JSON.stringify({
      ...{ store: './log', environment: 'production', definitions },
      directory: { ada: ['team_lead'] },
    }),
  )
  const stages = [
    { rolloutPercent: 5, monitorMs: 60_000, gate: [hostileName] },
    { rolloutPercent: 100, monitorMs: 60_000 },
  ]
  await writeFile(join(folder, 'plan.json'), JSON.stringify({ schema: 1, stages }))
  const note = { actor: hostile, reason: hostile, ticket: hostile }
  const store = createFileStore({ directory: join(folder, 'log') })
  const replica = createReplica({ store, clock: world.clock })
  await replica.commit({
    ...{ ...note, action: 'set_split', environment: 'production' },
    changes: [
      {
        key: `exposure/production/${hostileKey}`,
        value: { enabled: true, split: { [hostileName]: 40, b: 60 } },
      },
    ],
  })
  await replica.close()
  await store.close()
  const order = ['--reason', hostile, '--ticket', hostile, '--as', hostile, '--yes']
  await run('rollout', 'start', 'plain', '--env', 'staging', '--stages', '5,100', ...order)
  await run('rollout', 'pause', 'plain', '--env', 'staging', ...order)
  await run('rollout', 'start', 'other', '--plan', 'plan.json', ...order)
  await run('request', 'rollout', 'plain', '--emergency', hostile, ...order)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

describe('what anybody wrote into a log', () => {
  const reading = [
    ['flags'],
    ['flags', 'show', hostileKey],
    ['flags', 'explain', hostileKey, '--as', hostile],
    ['flags', 'explain', hostileKey, '--as', 'bo'],
    ['log'],
    ['log', '--at', '1h'],
    ['log', '--flag', hostileKey],
    ['rollout', 'status', '--env', 'staging'],
    ['rollout', 'status', 'plain', '--env', 'staging'],
    ['rollout', 'status', 'other'],
    ['rollout', 'start', 'plain', '--env', 'staging', '--reason', 'x'],
    ['approvals', '--all'],
    ['stale'],
    ['doctor'],
    ['verify'],
    ['export', '--format', 'csv'],
    ['export'],
    ['complete', '--', 'kill', ''],
    ['set', hostileKey, '0', '--reason', hostile, '--as', hostile],
    ['kill', hostileKey, '--reason', hostile, '--as', hostile],
    [hostile],
    ['flags', `--${hostile}`],
    ['flags', '--store', `redis://${hostile}`],
    ['flags', '--env', hostile],
    ['log', '--since', hostile],
  ]

  it.each(reading)('is shown and not sent (%#)', async (...words) => {
    const { shown } = await run(...words)
    expect(shown).not.toBe('')
    expect(commands.exec(shown)).toBeNull()
  })

  it.each(reading.slice(0, 14))('nor in JSON, where it is the same text (%#)', async (...words) => {
    const { stdout, stderr, shown } = await run(...words, '--json')
    expect(commands.exec(shown)).toBeNull()
    expect(typeof JSON.parse(stdout || stderr)).toBe('object')
  })

  it('is shown where somebody is asked', async () => {
    const line = `sluice enable ${hostileKey} --reason x`
    const asking = world.start(line, { env: { NO_COLOR: '1' }, isTTY: true })
    await asking.shows('[y/N]')
    asking.interrupt()
    const { stdout, exitCode } = await asking.outcome
    expect(stdout).toContain('x\\u202e\\u2066y in production: off → on')
    // Where it is interrupted, readline ends the line itself.
    expect(commands.exec(stdout.replaceAll('\r\n', '\n'))).toBeNull()
    expect(exitCode).toBe(130)
  })

  it('is there as it was written for a program', async () => {
    const { commits } = JSON.parse((await run('log', '--json')).stdout)
    expect(commits[0]).toMatchObject({ actor: hostile, reason: hostile, ticket: hostile })
  })
})
