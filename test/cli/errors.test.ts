import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

let folder: string
let world: MemoryWorld

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-errors-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  await writeFile(
    join(folder, 'flags.yaml'),
    `version: 1
flags:
  newCheckout: { enabled: true, rollout: 5, environments: [staging, production] }
  ranking: { enabled: true, variants: { a: 1, b: 2 }, environments: [production], split: { a: 50, b: 50 } }
`,
  )
  const config = { store: './log', environment: 'production', definitions: './flags.yaml' }
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
  await writeFile(join(folder, 'empty.json'), '{}')
  await writeFile(join(folder, 'misspelt.json'), '{"stor": "./log"}')
  await writeFile(join(folder, 'broken.json'), '{')
  await writeFile(join(folder, 'wrong.yaml'), 'version: 1\nflags: { a: { rollout: 300 } }\n')
  await writeFile(join(folder, 'text.json'), '"ada"')
  await writeFile(join(folder, 'number.json'), '{"store": "./log", "environment": 5}')
  await writeFile(join(folder, 'word.json'), '{"store": "./log", "confirmIn": "production"}')
  await writeFile(join(folder, 'plan.json'), '{"store": "./log", "rollouts": {"a": {"plan": 5}}}')
  await writeFile(join(folder, 'nothing.mjs'), 'export default { store: () => {} }')
  await writeFile(join(folder, 'throws.mjs'), 'throw new Error("no vault")')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const why = '--reason "more users"'

describe('an error says what is wrong, and what to type instead', () => {
  it.each([
    ['sluice rollout', 3, 'sluice rollout needs a command.', 'There is start, watch, status,'],
    ['sluice flgs', 3, 'There is no command sluice flgs.', 'Did you mean flags?'],
    [
      'sluice flags shwo newCheckout',
      3,
      'There is no command sluice flags shwo.',
      'Did you mean show?',
    ],
    ['sluice flags show', 3, 'sluice flags show needs <key>.', 'Type sluice flags show <key>'],
    [
      'sluice flags --stroe ./log',
      3,
      'sluice flags has no option --stroe.',
      'Did you mean --store?',
    ],
    ['sluice set newCheckout 5 --reason', 3, 'A value is missing', 'sluice set --help says more.'],
    [
      'sluice flags show newChekout',
      3,
      'There is no flag "newChekout" in production.',
      'Did you mean newCheckout?',
    ],
    [
      'sluice flags explain nothing',
      3,
      'There is no flag "nothing"',
      'sluice flags lists the 2 there are.',
    ],
    [
      `sluice kill newChekout ${why}`,
      3,
      'There is no flag "newChekout"',
      'Did you mean newCheckout?',
    ],
    [
      `sluice set newCheckout half ${why}`,
      3,
      '"half" is no percentage.',
      'Type a number from 0 to 100',
    ],
    [`sluice set newCheckout "" ${why}`, 3, '"" is no percentage.', 'Type a number from 0 to 100'],
    [`sluice set newCheckout -5 ${why}`, 3, '"-5" is no percentage.', 'Type a number from 0'],
    [`sluice set newCheckout NaN ${why}`, 3, '"NaN" is no percentage.', 'Type a number from 0'],
    [
      `sluice set newCheckout 101 ${why}`,
      3,
      '"101" is no percentage.',
      'Type a number from 0 to 100',
    ],
    ['sluice set newCheckout 25', 3, 'Say why: it goes into the log.', 'Add --reason "…"'],
    [`sluice set newCheckout 1 --as " " ${why}`, 3, 'The name given is blank.', 'Add --as NAME'],
    [`sluice set newCheckout 1 --ticket "" ${why}`, 3, '--ticket names no ticket.', 'leave it out'],
    [`sluice split ranking a=50 a=50 ${why}`, 3, 'a is given twice.', 'Type each variant once'],
    ['sluice set newCheckout 25 --reason " "', 3, 'Say why', 'Add --reason "…"'],
    [
      `sluice set newCheckout 25 ${why}`,
      3,
      'Nothing was changed: a change in production is confirmed first',
      'Add --yes to confirm it.',
    ],
    [
      `sluice split ranking a=50 ${why}`,
      3,
      'The shares add up to 50, not to 100.',
      'Type sluice split ranking a=50 b=50',
    ],
    [`sluice split ranking half ${why}`, 3, 'half is no share of a variant.', 'as on=50 off=50'],
    [`sluice split ranking a=50 c=50 --yes ${why}`, 1, 'c', 'a'],
    [
      'sluice flags explain newCheckout --as nobody.json',
      3,
      '--as nobody.json cannot be read',
      '--as ada',
    ],
    [
      'sluice flags explain newCheckout --as text.json',
      3,
      '--as text.json holds no user.',
      '{"id": "ada"',
    ],
    [
      'sluice flags --config empty.json',
      3,
      'Where is the log? No store is named.',
      'Add --store ./folder',
    ],
    [
      'sluice flags --config nowhere.json',
      1,
      'There is no file',
      'sluice init writes a sluice.config.ts',
    ],
    ['sluice flags --config misspelt.json', 1, 'unknown setting "stor"', 'Did you mean store?'],
    ['sluice flags --config broken.json', 1, 'broken.json cannot be read', 'JSON'],
    [
      'sluice flags --config number.json',
      1,
      'environment is not what it has to be.',
      "Write a name, as 'production'.",
    ],
    ['sluice flags --config word.json', 1, 'confirmIn is not', 'Write a list of environments'],
    ['sluice flags --config plan.json', 1, 'rollouts is not', 'Write terms by flag'],
    ['sluice flags --config nothing.mjs', 1, 'opens no store.', 'Write store: () => ({'],
    ['sluice flags --config throws.mjs', 1, 'cannot be read: no vault', 'Mend it there'],
    [
      'sluice flags --store ./flags.yaml',
      4,
      'is a file, and a log is a folder.',
      'Name the folder',
    ],
    [
      'sluice flags --store redis://host:port',
      3,
      'is no address of a store.',
      'It looks like redis',
    ],
    [
      'sluice flags --store http://127.0.0.1:1?token=x',
      3,
      'http://127.0.0.1:1 is over HTTP, and holds',
      'set SLUICE_TOKEN',
    ],
    ['sluice flags --store ./nowhere', 4, 'There is no folder', 'type mkdir -p'],
    [
      'sluice flags --store rdis://localhost',
      3,
      'There is no store for rdis: addresses.',
      'Did you mean redis?',
    ],
    [
      'sluice flags --store redis://localhost:1',
      4,
      'needs the package redis',
      'Type npm install redis there',
    ],
    ['sluice flags --store http://127.0.0.1:1', 4, 'did not answer', 'Check that it runs'],
    ['sluice flags --env "eu/production"', 3, 'cannot name an environment', 'as in "production"'],
    ['sluice log --since yesterday', 3, '--since "yesterday" is no time.', 'Type 2h, 30m or 7d'],
    ['sluice log --since 2026-02-31', 3, '"2026-02-31" is no time.', '2026-03-01T09:00Z'],
    ['sluice log --since 1h --until 2h', 3, '--since is not before --until.', 'swap them'],
    ['sluice log --limit all', 3, '--limit all is no number of commits.', 'a whole number from 1'],
    ['sluice apply nothing.yaml', 1, 'There is no file nothing.yaml.', 'sluice init writes'],
    ['sluice apply wrong.yaml', 1, 'wrong.yaml: flag "a": /flags/a/rollout', 'must be at most 100'],
    ['sluice apply flags.yaml', 3, 'Say why', 'Add --reason "…"'],
    [
      `sluice apply flags.yaml ${why}`,
      3,
      'Nothing was changed: apply is confirmed first',
      'Add --yes',
    ],
    [
      'sluice apply --config empty.json --store ./log',
      3,
      'Apply which file?',
      'Type sluice apply flags.yaml',
    ],
    ['sluice verify --head 17', 3, '--head 17 is no head.', 'Type a revision and its hash'],
    ['sluice export --format xml', 3, '--format xml is not known.', 'There is jsonl, csv.'],
    ['sluice restore nothing', 1, 'There is no file nothing.', 'sluice backup nothing writes one'],
    ['sluice restore flags.yaml', 1, 'flags.yaml', 'backup'],
    ['sluice restore log', 1, 'There is no file log.', 'sluice backup log writes one'],
    ['sluice verify --backup nothing', 1, 'There is no file nothing.', 'sluice backup nothing'],
    ['sluice verify --archive nowhere', 4, 'nowhere', 'mount it.'],
    ['sluice backup flags.yaml', 1, 'flags.yaml is there already, and is no whole', 'Name another'],
    ['sluice backup nowhere/b', 1, 'There is no folder', 'type mkdir -p'],
    ['sluice export nowhere/log.csv', 1, 'log.csv cannot be used: ENOENT', 'in a folder that is'],
    ['sluice completion bsh', 3, 'sluice completion knows no bsh.', 'Did you mean bash?'],
  ])('%s', async (line, exitCode, what, instead) => {
    const outcome = await world.run(line)
    expect(outcome.stderr).toContain(what)
    expect(outcome.stderr).toContain(instead)
    expect(outcome.exitCode).toBe(exitCode)
    expect(outcome.stderr.startsWith('✗ ') || outcome.stdout !== '').toBe(true)
  })

  it('is the help, where nothing is typed but sluice', async () => {
    const { stderr, exitCode } = await world.run('sluice')
    expect(stderr).toContain('Usage: sluice [options] [command]')
    expect(exitCode).toBe(3)
  })

  it('is one JSON document on stderr with --json, and stdout stays empty', async () => {
    const { stdout, stderr, exitCode } = await world.run('sluice flags show newChekout --json')
    expect(stdout).toBe('')
    expect(JSON.parse(stderr)).toEqual({
      error: expect.objectContaining({ code: 'flag_not_found', exitCode: 3, flag: 'newChekout' }),
    })
    expect(exitCode).toBe(3)
  })

  it('is JSON too where the command line itself is wrong', async () => {
    const { stderr } = await world.run('sluice flgs --json')
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'unknown_command', exitCode: 3 })
  })

  it.each([
    'redis://ada:secret@host:port',
    'redis://ada:se/cret@host:port',
    'postgres://ada:secret@host:99999/db?password=secret',
    'http://ada:secret@127.0.0.1:1',
    'http://127.0.0.1:1/?token=secret',
    'https://:secret@',
    'nats://ada:secret@127.0.0.1:1?token=secret',
    'rdis://ada:secret@host',
  ])('shows no password: %s', async (where) => {
    const { stdout, stderr, exitCode } = await world.run(`sluice flags --store ${where}`)
    expect(stdout + stderr).not.toMatch(/secret|cret@/u)
    expect([3, 4]).toContain(exitCode)
  })

  it('shows the escapes in a hostile text, and sends none', async () => {
    const { stderr } = await world.run(`sluice flags show "a\u001b[2Jb"`)
    expect(stderr).not.toContain('\u001b')
    expect(stderr).toContain('\\u001b[2J')
  })
})

describe('sluice --version', () => {
  it('prints the version of the package', async () => {
    const manifest = await readFile(new URL('../../packages/cli/package.json', import.meta.url))
    const { stdout, exitCode } = await world.run('sluice --version')
    expect(stdout).toBe(`${JSON.parse(String(manifest)).version}\n`)
    expect(exitCode).toBe(0)
  })
})
