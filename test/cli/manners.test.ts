import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

let folder: string
let world: MemoryWorld

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-manners-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  const definitions = { newCheckout: { enabled: true, rollout: 5, environments: ['production'] } }
  const config = { store: './log', environment: 'production', definitions }
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const csi = '\u001b['
const up = 'sluice set newCheckout 50 --reason x'

describe('colour', () => {
  it.each([
    ['on a terminal', true, {}, '', true],
    ['in a pipe', false, {}, '', false],
    ['with NO_COLOR', true, { NO_COLOR: '1' }, '', false],
    ['with an empty NO_COLOR', true, { NO_COLOR: '' }, '', true],
    ['with FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, '', true],
    ['with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, '', false],
    ['with both', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, '', false],
    ['with --no-color', true, { FORCE_COLOR: '1' }, ' --no-color', false],
    ['with --json', true, { FORCE_COLOR: '1' }, ' --json', false],
    ['in a dumb terminal', true, { TERM: 'dumb' }, '', false],
  ] as const)('%s', async (_, isTTY, env, option, isColoured) => {
    for (const line of ['sluice flags', 'sluice flags show newChekout']) {
      const { stdout, stderr } = await world.start(line + option, { isTTY, env }).outcome
      expect((stdout + stderr).includes(csi)).toBe(isColoured)
    }
  })
})

describe('a question', () => {
  it('is put to nobody with --json, nor where the answer could not be typed', async () => {
    const json = await world.start(`${up} --json`, { isTTY: true }).outcome
    expect(JSON.parse(json.stderr).error).toMatchObject({
      ...{ code: 'confirmation_required', exitCode: 3 },
    })
    expect(json.stdout).toBe('')
    const piped = await world.run(up)
    expect(piped.stderr).toContain('Add --yes to confirm it.')
    expect(piped.exitCode).toBe(3)
  })

  it('that nobody answers is a no', async () => {
    const asked = world.start(up, { isTTY: true })
    await asked.shows('[y/N]')
    asked.end()
    const { stderr, exitCode } = await asked.outcome
    expect(stderr).toContain('Nothing was changed.')
    expect(exitCode).toBe(1)
  })
})

describe('a screen that is drawn in place', () => {
  it('gives the cursor back, and ends with 130, when the program is told to end', async () => {
    await world.run('sluice rollout start newCheckout --env staging --in-code --reason x')
    const watch = world.start('sluice rollout watch --env staging', { isTTY: true })
    await watch.shows('q quits')
    watch.interrupt()
    const { stdout, exitCode } = await watch.outcome
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'))
    expect(stdout.lastIndexOf('\u001b[?25l')).toBeGreaterThan(-1)
    expect(exitCode).toBe(130)
  })
})

/** A line of each kind that tells something. */
const told = [
  'sluice flags',
  'sluice flags show newCheckout',
  'sluice flags explain newCheckout --as ada',
  'sluice log',
  'sluice log --at 1h',
  'sluice verify',
  'sluice doctor',
  'sluice stale',
  'sluice dora',
  'sluice rollout status',
  'sluice approvals',
  'sluice deployments',
  'sluice completion bash',
  'sluice forecast --rps 40 --baseline 0.5%',
  'sluice backup log.backup',
  'sluice verify --backup log.backup',
  'sluice export audit.csv',
  'sluice kill newCheckout --reason x',
  'sluice enable newCheckout --reason x --yes',
]

describe('JSON', () => {
  it.each([
    ['sluice flags --bogus --json', 'unknown_option'],
    ['sluice --bogus flags --json', 'unknown_option'],
    ['sluice set newCheckout --json', 'invalid_usage'],
    ['sluice --json', 'invalid_usage'],
    ['sluice rollout --json', 'invalid_usage'],
    ['sluice completion csh --json', 'invalid_usage'],
    ['sluice flags --json --store nowhere', 'store_missing'],
    ['sluice flags --json --config nowhere', 'config_missing'],
    ['sluice export --json nowhere/log.csv', 'file_unusable'],
    ['sluice rollout promote newCheckout --reason x --json', 'no_rollout'],
    ['sluice approve 1234 --reason x --json', 'approvals_not_used'],
    ['sluice forecast --json', 'invalid_usage'],
    ['sluice replay nowhere --json', 'ticks_unreadable'],
  ])('is what an error is, however wrong the line: %s', async (line, code) => {
    const { stdout, stderr } = await world.run(line)
    expect(stdout).toBe('')
    expect(JSON.parse(stderr).error).toMatchObject({ code, message: expect.any(String) })
    expect(JSON.parse(stderr).error.exitCode).toBeGreaterThan(0)
  })

  it.each(told)('is the one document on stdout: %s', async (line) => {
    const { stdout, stderr } = await world.run(`${line} --json`)
    expect(stderr).toBe('')
    expect(typeof JSON.parse(stdout)).toBe('object')
  })
})

describe('a window that is too narrow', () => {
  it.each(['1', '20', '-5', 'wide'])('of %s columns breaks nothing', async (COLUMNS) => {
    for (const line of told) {
      const { stdout, stderr, exitCode } = await world.run(line, { COLUMNS })
      expect(exitCode).toBe(0)
      expect(stdout).not.toMatch(/undefined|NaN/u)
      expect(stderr).not.toContain('✗')
    }
  })
})

describe('who is at work', () => {
  it('is what git knows, where nothing else says it: the address before the name', async () => {
    const home = await mkdtemp(join(tmpdir(), 'sluice-home-'))
    const env = {
      SLUICE_ACTOR: '',
      HOME: home,
      PATH: process.env.PATH ?? '',
      GIT_CONFIG_NOSYSTEM: '1',
    }
    const actor = async (more = '') =>
      JSON.parse((await world.run(`sluice kill newCheckout --reason x --json${more}`, env)).stdout)
        .actor
    await writeFile(join(home, '.gitconfig'), '[user]\nname = Ann Ash\n')
    expect(await actor()).toBe('Ann Ash')
    await writeFile(join(home, '.gitconfig'), '[user]\nname = Ann Ash\nemail = ann@example.com\n')
    expect(await actor()).toBe('ann@example.com')
    expect(await actor(' --as bo')).toBe('bo')
    await rm(home, { recursive: true })
  })

  it('is the user of the system, where git knows nobody, or is not there', async () => {
    const { userInfo } = await import('node:os')
    const env = { SLUICE_ACTOR: '', HOME: folder, PATH: folder }
    const { stdout } = await world.run('sluice kill newCheckout --reason x --json', env)
    expect(JSON.parse(stdout).actor).toBe(userInfo().username)
  })
})

describe('where the log is', () => {
  it('is what --store says, before SLUICE_STORE, before the configuration', async () => {
    for (const name of ['typed', 'set']) await mkdir(join(folder, name))
    const revision = async (more: string, env = {}) =>
      JSON.parse((await world.run(`sluice flags --json${more}`, env)).stdout).revision
    await world.run('sluice kill newCheckout --reason x --store ./typed')
    await world.run('sluice kill newCheckout --reason x --store ./set')
    await world.run('sluice kill newCheckout --reason x --store ./set')
    const inConfig = await revision('')
    expect(inConfig).toBeGreaterThan(2)
    expect(await revision('', { SLUICE_STORE: './set' })).toBe(2)
    expect(await revision(' --store ./typed', { SLUICE_STORE: './set' })).toBe(1)
  })

  it('is found from a folder below, and the environment by the same order', async () => {
    await mkdir(join(folder, 'src/deep'), { recursive: true })
    const below = createWorld(join(folder, 'src/deep'))
    const environment = async (more: string, env = {}) =>
      JSON.parse((await below.run(`sluice flags --json${more}`, env)).stdout).environment
    expect(await environment('')).toBe('production')
    expect(await environment('', { NODE_ENV: 'test' })).toBe('production')
    expect(await environment('', { SLUICE_ENVIRONMENT: 'staging' })).toBe('staging')
    expect(await environment(' --env qa', { SLUICE_ENVIRONMENT: 'staging' })).toBe('qa')
  })
})
