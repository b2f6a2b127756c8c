import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleSluice } from './bundle-sluice.ts'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

let program: string
let folder: string

beforeAll(async () => {
  program = await bundleSluice()
  folder = await mkdtemp(join(tmpdir(), 'sluice-process-'))
  await symlink(modules, join(folder, 'node_modules'))
  await mkdir(join(folder, 'log'))
  await writeFile(
    join(folder, 'flags.yaml'),
    'version: 1\nflags:\n  newCheckout: { enabled: true, rollout: 5, environments: [staging] }\n',
  )
  const config = { store: './log', environment: 'staging', definitions: './flags.yaml' }
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Starts `sluice` as a process of its own, with pipes. */
function start(...words: readonly string[]): ChildProcessWithoutNullStreams {
  const env = {
    PATH: process.env.PATH,
    SLUICE_TEST_AT: '2026-03-02T09:00:00Z',
    SLUICE_ACTOR: 'ada',
  }
  return spawn(process.execPath, [program, ...words], { cwd: folder, env })
}

/** Runs it to its end. */
async function run(...words: readonly string[]) {
  return outcomeOf(start(...words))
}

async function outcomeOf(child: ChildProcessWithoutNullStreams) {
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { stdout, stderr, exitCode }
}

/** Waits until a process has written something on stdout. */
async function shows(child: ChildProcessWithoutNullStreams, wanted: string): Promise<void> {
  let seen = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    seen += String(chunk)
    if (seen.includes(wanted)) return
  }
  throw new Error(`It ended without writing ${wanted}: ${seen}`)
}

async function configure(name: string, source: string): Promise<string> {
  await writeFile(join(folder, name), source)
  return name
}

describe('a configuration that never comes', () => {
  it.each([
    ['hangs.mjs', 'await new Promise(() => {})\nexport default {}'],
    ['no-store.mjs', 'export default { store: () => new Promise(() => {}) }'],
  ])('is told, and is no success: %s', async (name, source) => {
    const config = await configure(name, source)
    const { stderr, exitCode } = await run('flags', '--config', config)
    expect(stderr).toContain('something that it waits for never comes')
    expect(stderr).toContain('sluice.config')
    expect(exitCode).toBe(1)
    const json = await run('flags', '--config', config, '--json')
    expect(JSON.parse(json.stderr).error).toMatchObject({ code: 'never_settled', exitCode: 1 })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('is given up on %s', async (signal) => {
    const source = 'console.log("begun")\nsetInterval(() => {}, 1_000)\nawait new Promise(() => {})'
    const child = start('flags', '--config', await configure('busy.mjs', source))
    await shows(child, 'begun')
    child.kill(signal)
    const { stderr, exitCode } = await outcomeOf(child)
    expect(stderr).toContain('sluice log says whether it was made')
    expect(exitCode).toBe(130)
  })
})

describe('a reader that goes', () => {
  it('leaves no change half made', async () => {
    const words = ['apply', 'flags.yaml', '--yes', '--reason', 'read by head']
    const child = start(...words)
    child.stdout.destroy()
    const [exitCode] = await once(child, 'exit')
    expect(exitCode).toBe(0)
    const { commits } = JSON.parse((await run('log', '--json')).stdout)
    expect(commits.at(-1)).toMatchObject({ action: 'apply', reason: 'read by head' })
  })

  it.each([['export'], ['log'], ['flags']])('is no failure of sluice %s', async (command) => {
    const child = start(command)
    child.stdout.destroy()
    const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  it('ends a log that is followed', async () => {
    const child = start('log', '--follow')
    await shows(child, 'when')
    child.stdout.destroy()
    const ended = once(child, 'exit')
    for (let percent = 1; child.exitCode === null; percent++) {
      await run('set', 'newCheckout', String(percent % 5), '--reason', 'goes on')
    }
    expect((await ended)[0]).toBe(0)
  })
})

it('goes on following a log over a folder, and ends with 130 on SIGTERM', async () => {
  const child = start('log', '--follow', '--json')
  await run('set', 'newCheckout', '1', '--reason', 'first')
  await shows(child, '"reason":"first"')
  await run('set', 'newCheckout', '2', '--reason', 'second')
  await shows(child, '"reason":"second"')
  child.kill('SIGTERM')
  expect((await once(child, 'exit'))[0]).toBe(130)
})

it.skipIf(!existsSync('/dev/full'))('says that a disk is full, and fails', async () => {
  const full = openSync('/dev/full', 'w')
  const env = { PATH: process.env.PATH, SLUICE_TEST_AT: '2026-03-02T09:00:00Z' }
  const child = spawn(process.execPath, [program, 'flags'], {
    ...{ cwd: folder, env, stdio: ['ignore', full, 'pipe'] },
  })
  closeSync(full)
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr!), once(child, 'exit')])
  expect(stderr).toContain('The output could not be written: ENOSPC')
  expect(exitCode).toBe(1)
})

describe('a server that takes the connection and says nothing', () => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket))
  let port: number
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as { port: number }).port
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  it('is unreachable after a while, whatever it was to be', async () => {
    const schemes = ['redis', 'postgres', 'nats', 'http']
    const tried = schemes.map((scheme) => run('flags', '--store', `${scheme}://127.0.0.1:${port}`))
    for (const { stderr, exitCode } of await Promise.all(tried)) {
      expect(stderr).toMatch(/answer|timeout/u)
      expect(exitCode).toBe(4)
    }
  })

  it('is not waited for after Ctrl-C', async () => {
    const connected = once(server, 'connection')
    const child = start('flags', '--store', `http://127.0.0.1:${port}`)
    await connected
    child.kill('SIGINT')
    expect((await outcomeOf(child)).exitCode).toBe(130)
  })
})

describe('several at once', () => {
  it('lose nothing: each change is one commit, and a backup meanwhile is whole', async () => {
    const orders = Array.from({ length: 4 }, (_, index) =>
      run('set', 'newCheckout', String(index), '--reason', `race ${index}`),
    )
    const kept = run('backup', 'race.backup')
    const outcomes = await Promise.all(orders)
    expect((await kept).exitCode).toBe(0)
    expect((await run('verify', '--backup', 'race.backup')).exitCode).toBe(0)
    const { commits } = JSON.parse((await run('log', '--limit', '99', '--json')).stdout)
    for (const [index, { exitCode, stderr }] of outcomes.entries()) {
      const made = commits.filter(({ reason }: { reason: string }) => reason === `race ${index}`)
      expect(made).toHaveLength(exitCode === 0 ? 1 : 0)
      if (exitCode !== 0) expect(stderr).toContain('sluice flags show newCheckout says who')
    }
    expect(outcomes.some(({ exitCode }) => exitCode === 0)).toBe(true)
  })
})
