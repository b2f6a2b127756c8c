import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

let folder: string
let world: MemoryWorld

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-logic-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  await writeConfig({})
  await writeFlags(
    'newCheckout: { enabled: true, rollout: 5, environments: [staging, production] }',
  )
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const why = '--yes --reason "more users"'

function writeConfig(config: object): Promise<void> {
  const whole = {
    store: './log',
    environment: 'production',
    definitions: './flags.yaml',
    ...config,
  }
  return writeFile(join(folder, 'sluice.config.json'), JSON.stringify(whole))
}

function writeFlags(...flags: readonly string[]): Promise<void> {
  const lines = flags.map((flag) => `  ${flag}\n`)
  return writeFile(join(folder, 'flags.yaml'), `version: 1\nflags:\n${lines.join('')}`)
}

async function json(line: string, env?: { readonly [name: string]: string }) {
  const { stdout, stderr, exitCode } = await world.run(`${line} --json`, env)
  return { exitCode, ...JSON.parse(stdout || stderr) }
}

describe('a change', () => {
  it('is written with who, why and the ticket, and is there for the next command', async () => {
    expect(await json(`sluice set newCheckout 25 --ticket OPS-1 ${why}`)).toMatchObject({
      ...{ exitCode: 0, key: 'newCheckout', environment: 'production', rollout: 25 },
      ...{ revision: 1, actor: 'ada', reason: 'more users', ticket: 'OPS-1' },
    })
    const { flags } = await json('sluice flags')
    expect(flags).toMatchObject([{ key: 'newCheckout', enabled: true, rollout: 25 }])
  })

  it('goes down in production without being confirmed', async () => {
    expect((await world.run('sluice set newCheckout 1 --reason "slower"')).exitCode).toBe(0)
    expect((await world.run('sluice kill newCheckout --reason "errors"')).exitCode).toBe(0)
  })

  it('is confirmed where the configuration says so, and nowhere else', async () => {
    const up = 'sluice set newCheckout 50 --reason "more users"'
    expect((await world.run(`${up} --env staging`)).exitCode).toBe(0)
    expect((await world.run(up)).exitCode).toBe(3)
    await writeConfig({ confirmIn: ['staging'] })
    expect((await world.run(up)).exitCode).toBe(0)
    expect((await world.run(`${up.replace('50', '60')} --env staging`)).exitCode).toBe(3)
  })

  it('turns off what only the log knows', async () => {
    await world.run(`sluice set newCheckout 25 ${why}`)
    await writeFlags('other: { enabled: true }')
    const { stdout, exitCode } = await world.run('sluice kill newCheckout --reason "errors"')
    expect(stdout).toContain('newCheckout is off in production (was as the services define it)')
    expect(exitCode).toBe(0)
    const again = await world.run('sluice kill newCheckout --reason "errors"')
    expect(again.stdout).toContain('(was off)')
  })

  it('turns off what only the log knows, and says what it was', async () => {
    await world.run(`sluice kill newCheckout ${why}`)
    await world.run(`sluice enable newCheckout ${why}`)
    await world.run(`sluice set newCheckout 25 ${why}`)
    await writeFlags('other: { enabled: true }')
    const { stdout } = await world.run('sluice kill newCheckout --reason "errors"')
    expect(stdout).toContain('newCheckout is off in production (was on 25 %)')
  })

  it('is of a flag that is defined: one that only the log knows is named, and how to turn it off', async () => {
    await world.run(`sluice set newCheckout 25 ${why}`)
    await writeFlags('other: { enabled: true }')
    const known = await world.run(`sluice set newCheckout 30 ${why}`)
    expect(known.stderr).toContain('Nothing here defines "newCheckout": only the log')
    expect(known.stderr).toContain('sluice kill newCheckout --reason "…" turns it off')
    const shown = await world.run('sluice flags show newCheckout')
    expect(shown.stderr).toContain('only the log in production knows it')
    const misspelt = await world.run('sluice kill newChekout --reason "errors"')
    expect(misspelt.stderr).toContain('Did you mean newCheckout?')
  })

  it('is confirmed where a short name says so, too', async () => {
    await writeConfig({ confirmIn: ['prod'] })
    const up = 'sluice set newCheckout 50 --reason "more users"'
    expect((await world.run(up)).exitCode).toBe(3)
  })

  it('is not made where somebody else moved the flag while it was asked about', async () => {
    const asked = world.start('sluice set newCheckout 50 --reason "more users"', { isTTY: true })
    await asked.shows('newCheckout in production: on 5 % → on 50 %. Do it?')
    await world.run('sluice kill newCheckout --as bo --reason "errors"')
    asked.type('y\n')
    const { stderr, exitCode } = await asked.outcome
    expect(stderr).toContain('Nothing was changed: somebody else moved newCheckout in production')
    expect(stderr).toContain('sluice flags show newCheckout says who')
    expect(exitCode).toBe(1)
    expect((await json('sluice flags')).flags[0]).toMatchObject({ enabled: false, rollout: 5 })
  })

  it('of next to nobody is never shown as nobody, nor of nearly all as all', async () => {
    const moved = async (percent: string) =>
      (await world.run(`sluice set newCheckout ${percent} ${why}`)).stdout
    expect(await moved('0.001')).toContain('is on 0.001 % in production')
    expect(await moved('0.0000001')).toContain('is on 0.0000001 % in production')
    expect(await moved('99.999')).toContain('is on 99.999 % in production')
    expect(await moved('33.333')).toContain('is on 33.33 % in production')
  })

  it('is made by whom --as names, before SLUICE_ACTOR', async () => {
    expect(await json(`sluice set newCheckout 25 --as bo ${why}`)).toMatchObject({ actor: 'bo' })
  })

  it('takes prod for production', async () => {
    expect(await json(`sluice set newCheckout 25 --env prod ${why}`)).toMatchObject({
      environment: 'production',
    })
  })
})

describe('approvals', () => {
  const directory = { bo: ['team_lead'] }

  it('are asked for where the configuration names who may give them', async () => {
    await writeConfig({ directory })
    const { error, exitCode } = await json(`sluice set newCheckout 25 ${why}`)
    expect(exitCode).toBe(1)
    expect(error.code).toBe('approval_required')
    expect(error.message).toContain(`sluice approve ${error.found}`)
    expect((await json('sluice flags')).flags[0].rollout).toBe(5)
  })

  it('are no less asked for by a machine whose configuration names nobody', async () => {
    await writeConfig({ directory })
    await world.run(`sluice set newCheckout 25 ${why}`)
    await writeConfig({})
    expect((await json(`sluice set newCheckout 25 ${why}`)).error.code).toBe('approval_required')
  })

  it('let go up what somebody else approved, once', async () => {
    await writeConfig({ directory })
    await json(`sluice set newCheckout 25 ${why}`)
    await approveAll()
    expect((await json(`sluice set newCheckout 25 ${why}`)).rollout).toBe(25)
    await world.run('sluice set newCheckout 1 --reason "slower"')
    expect((await json(`sluice set newCheckout 25 ${why}`)).error.code).toBe('approval_required')
  })

  it('are asked for by apply, for each flag that goes up, and used by its one commit', async () => {
    await writeConfig({ directory })
    await writeFlags(
      'newCheckout: { enabled: true, rollout: 5, environments: [production] }',
      'darkMode: { enabled: false, environments: [production] }',
    )
    const refused = await json(`sluice apply ${why}`)
    expect(refused.error.message).toContain('newCheckout in production: asked for now')
    expect(refused.error.message).not.toContain('darkMode')
    expect((await json('sluice apply --check')).exitCode).toBe(2)
    await approveAll()
    expect(await json(`sluice apply ${why}`)).toMatchObject({ applied: true })
    const { commits } = await json('sluice log')
    const keys = commits.at(-1).changes.map(({ key }: { key: string }) => key.split('/')[0])
    expect(keys).toEqual(['flag', 'flag', 'approval'])
  })

  it('are asked for by apply where a rule opens a flag at the same percentage', async () => {
    await world.run(`sluice apply ${why}`)
    await writeConfig({ directory })
    const rules = 'rules: [{ if: { attribute: plan, is: pro } }]'
    await writeFlags(
      `newCheckout: { enabled: true, rollout: 5, environments: [staging, production], ${rules} }`,
    )
    expect((await json(`sluice apply ${why}`)).error.code).toBe('approval_required')
  })

  it('are not asked for by apply where everything goes down', async () => {
    await world.run(`sluice apply ${why}`)
    await writeConfig({ directory })
    await writeFlags(
      'newCheckout: { enabled: true, rollout: 1, environments: [staging, production] }',
    )
    expect(await json(`sluice apply ${why}`)).toMatchObject({ applied: true })
  })

  async function approveAll(): Promise<void> {
    const { createReplica } = await import('@sluice/stores')
    const { createFileStore } = await import('@sluice/stores/file')
    const { createApprovals } = await import('@sluice/rollout')
    const store = createFileStore({ directory: join(folder, 'log') })
    const replica = createReplica({ store, clock: world.clock })
    await replica.refresh()
    const approvals = createApprovals({ replica, directory, clock: world.clock })
    for (const { approval } of approvals.list({ status: 'pending' })) {
      const { id, digest } = approval
      await approvals.approve(id, { actor: 'bo', reason: 'fine', digest })
    }
    await approvals.close()
    await replica.close()
    await store.close()
    await world.clock.advance(5 * 3_600_000)
  }
})

describe('apply', () => {
  it('writes nothing where the log changed under its plan, and says what to do', async () => {
    const asked = world.start('sluice apply --reason "the file"', { isTTY: true })
    await asked.shows('Apply this?')
    await writeFlags('newCheckout: { enabled: true, rollout: 7, environments: [staging] }')
    await world.run(`sluice apply --as bo ${why}`)
    asked.type('y\n')
    const { stderr, exitCode } = await asked.outcome
    expect(stderr).toContain('flag/newCheckout was changed at')
    expect(stderr).toContain('Nothing was applied. Apply again to see what is different now')
    expect(exitCode).toBe(1)
    expect((await json('sluice log')).commits).toHaveLength(1)
  })

  it('leaves what the file does not hold, unless it is told to remove it', async () => {
    await writeFlags('a: { enabled: true }', 'b: { enabled: true }')
    await world.run(`sluice apply ${why}`)
    await writeFlags('a: { enabled: true }')
    expect(await json('sluice apply --check')).toMatchObject({ exitCode: 0, left: ['flag/b'] })
    expect(await json('sluice apply --check --remove')).toMatchObject({ exitCode: 2 })
    await world.run(`sluice apply --remove ${why}`)
    expect((await json('sluice apply --check --remove')).exitCode).toBe(0)
    expect((await json('sluice flags')).flags.map(({ key }: { key: string }) => key)).toEqual(['a'])
  })

  it('tells of each environment in which a flag was moved by hand', async () => {
    await world.run(`sluice set newCheckout 50 --env qa ${why}`)
    const { changes } = await json('sluice apply --dry-run')
    expect(changes[0].environments).toMatchObject([
      { environment: 'staging', isMoved: false },
      { environment: 'production', isMoved: false },
      { environment: 'qa', isMoved: true },
    ])
  })

  it('keeps what was moved by hand', async () => {
    await world.run(`sluice set newCheckout 50 ${why}`)
    await world.run(`sluice apply ${why}`)
    expect((await json('sluice flags')).flags[0].rollout).toBe(50)
  })

  it('writes nothing with --dry-run', async () => {
    const { stdout, exitCode } = await world.run('sluice apply --dry-run')
    expect(stdout).toContain('1 to add, 0 to change, 0 to remove.')
    expect(exitCode).toBe(0)
    expect((await json('sluice log')).commits).toEqual([])
  })
})

describe('the log', () => {
  it('shows the newest, and says how many are earlier', async () => {
    for (const percent of [10, 20, 30]) await world.run(`sluice set newCheckout ${percent} ${why}`)
    const { commits, earlier } = await json('sluice log --limit 2')
    expect(commits.map(({ revision }: { revision: number }) => revision)).toEqual([2, 3])
    expect(earlier).toBe(1)
  })

  it('is narrowed to an environment by its short name, too', async () => {
    await world.run(`sluice set newCheckout 10 ${why}`)
    await world.run(`sluice set newCheckout 20 --env staging ${why}`)
    expect((await json('sluice log --env prod')).commits).toMatchObject([{ revision: 1 }])
    const { stdout } = await world.run('sluice export --env prod')
    expect(JSON.parse(stdout)).toMatchObject({ revision: 1, where: 'production' })
  })

  it('says so where the instant asked for is still to come', async () => {
    const { stdout, stderr, exitCode } = await world.run('sluice log --at 2030-01-01')
    expect(stderr).toContain('That is still to come: so it stands now.')
    expect(stdout).toContain('as it was at 2030-01-01 00:00:00Z')
    expect(exitCode).toBe(0)
  })

  it('takes an instant in any zone, and in UTC without one', async () => {
    await world.run(`sluice set newCheckout 10 ${why}`)
    const revisionAt = async (at: string) => (await json(`sluice log --at ${at}`)).revision
    expect(await revisionAt('2026-03-02T09:00')).toBe(1)
    expect(await revisionAt('2026-03-02T10:00+01:00')).toBe(1)
    expect(await revisionAt('2026-03-02T10:00+02:00')).toBe(0)
    expect(await revisionAt('"2026-03-02 08:59:59"')).toBe(0)
  })

  it('is narrowed to a span, whose end is not part of it', async () => {
    for (const percent of [10, 20, 30]) {
      await world.run(`sluice set newCheckout ${percent} ${why}`)
      await world.clock.advance(3_600_000)
    }
    const revisions = async (span: string) =>
      (await json(`sluice log ${span}`)).commits.map((each: { revision: number }) => each.revision)
    expect(await revisions('--since 2h')).toEqual([2, 3])
    expect(await revisions('--until 2h')).toEqual([1])
    expect(await revisions('--since 2026-03-02T10:00Z --until 2026-03-02T11:00Z')).toEqual([2])
  })

  it('shows the flags as they were', async () => {
    await world.run(`sluice set newCheckout 10 ${why}`)
    await world.clock.advance(3_600_000)
    await world.run(`sluice set newCheckout 20 ${why}`)
    const { flags, revision } = await json('sluice log --at 30m')
    expect([flags[0].rollout, revision]).toEqual([10, 1])
  })

  it('that was altered is found by verify, which ends with 2', async () => {
    await world.run(`sluice set newCheckout 10 ${why}`)
    await world.run(`sluice set newCheckout 20 ${why}`)
    const before = await json('sluice verify')
    expect(before).toMatchObject({ ok: true, exitCode: 0 })
    const { revision, hash } = before.head
    expect((await json(`sluice verify --head ${revision}:${hash}`)).exitCode).toBe(0)
    const other = hash.replaceAll(/./g, '0')
    expect(await json(`sluice verify --head ${revision}:${other}`)).toMatchObject({
      ...{ exitCode: 2, ok: false, revision: 2 },
    })
  })

  it('comes back from a backup, and in an export', async () => {
    await world.run(`sluice set newCheckout 10 ${why}`)
    await world.run('sluice backup log.backup')
    expect((await world.run('sluice restore log.backup --store ./other')).exitCode).toBe(3)
    await world.run('sluice restore log.backup --store ./other --yes')
    const { flags } = await json('sluice flags --store ./other')
    expect(flags[0].rollout).toBe(10)
    await world.run('sluice export audit.csv')
    expect(await readFile(join(folder, 'audit.csv'), 'utf8')).toContain('set_rollout')
    const { stdout } = await world.run('sluice export --actor ada')
    expect(JSON.parse(stdout)).toMatchObject({ who: 'ada', why: 'more users' })
  })
})

describe('completion', () => {
  it('offers commands, options and the keys of flags', async () => {
    const offered = async (words: string) =>
      (await world.run(`sluice complete -- ${words}`)).stdout
        .split('\n')
        .map((line) => line.split('\t')[0])
    expect(await offered('ki')).toEqual(['kill', ''])
    expect(await offered('flags e')).toEqual(['explain', ''])
    expect(await offered('log --fl')).toEqual(['--flag', ''])
    expect(await offered('--env production kill new')).toEqual(['newCheckout', ''])
    expect(await offered('completion f')).toEqual(['fish', ''])
    expect(await offered('kill newCheckout new')).toEqual([''])
  })
})

describe('doctor', () => {
  it('ends with 1 where the store is away, and says what to do', async () => {
    const { findings, exitCode } = await json('sluice doctor --store ./nowhere')
    expect(exitCode).toBe(1)
    expect(findings.at(-1)).toMatchObject({ name: 'store', status: 'fail' })
  })

  it('warns of a clock that is behind the log', async () => {
    await world.clock.advance(3_600_000)
    await world.run(`sluice set newCheckout 10 ${why}`)
    const early = createWorld(folder)
    const { stdout } = await early.run('sluice doctor --json')
    const clock = JSON.parse(stdout).findings.find(({ name }: { name: string }) => name === 'clock')
    expect(clock).toMatchObject({ status: 'warn', found: '60 min behind what ada wrote' })
  })
})

describe('stale', () => {
  it('ends with 2 only where it is asked to check', async () => {
    await writeFlags('old: { enabled: true, expiresAt: "2026-01-01", environments: [production] }')
    expect((await world.run('sluice stale')).exitCode).toBe(0)
    expect((await world.run('sluice stale --check')).exitCode).toBe(2)
    await writeFlags('fresh: { enabled: true, environments: [production] }')
    expect((await world.run('sluice stale --check')).exitCode).toBe(0)
  })
})

describe('types', () => {
  it('are written for a file, and checked against it', async () => {
    const line = 'sluice types flags.yaml --out flags.d.ts'
    expect((await world.run(`${line} --check`)).exitCode).toBe(2)
    expect((await world.run(line)).exitCode).toBe(0)
    expect(await readFile(join(folder, 'flags.d.ts'), 'utf8')).toContain('newCheckout')
    expect((await world.run(`${line} --check`)).exitCode).toBe(0)
    expect((await world.run('sluice types flags.yaml')).stdout).toContain('AppFlags')
    expect((await world.run('sluice types nothing.yaml')).stderr).toContain('There is no file')
  })
})

describe('init', () => {
  it('keeps a file that is there', async () => {
    await rm(join(folder, 'sluice.config.json'))
    await world.run('sluice init')
    expect(await readFile(join(folder, 'flags.yaml'), 'utf8')).toContain('newCheckout: {')
    expect(await readFile(join(folder, 'sluice.config.ts'), 'utf8')).toContain('defineConfig')
    expect((await world.run('sluice init')).exitCode).toBe(1)
  })
})
