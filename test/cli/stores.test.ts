import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMemoryStore } from '@sluice/stores/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nats } from '../services/nats.ts'
import { openStore, serveStore, token } from '../services/open-store.ts'
import { postgres } from '../services/postgres.ts'
import { freePort } from '../services/process.ts'
import { redis, startRedisWith } from '../services/redis.ts'
import { describeWith } from '../services/service.ts'
import { createWorld, type MemoryWorld } from './world.ts'

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A project that has the clients installed, and one that has none. */
let project: string
let bare: string
let world: MemoryWorld

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'sluice-stores-'))
  bare = await mkdtemp(join(tmpdir(), 'sluice-bare-'))
  await symlink(modules, join(project, 'node_modules'))
  world = createWorld(project)
  const definitions = { newCheckout: { enabled: true, rollout: 5, environments: ['staging'] } }
  await writeFile(join(project, 'sluice.config.json'), JSON.stringify({ definitions }))
})
afterAll(async () => {
  for (const folder of [project, bare]) await rm(folder, { recursive: true, force: true })
})

/** Moves a flag over an address, and reads it back with a second command. */
async function moveAndRead(where: string, env?: { readonly [name: string]: string }) {
  const set = `sluice set newCheckout 25 --env staging --reason "more" --store ${where}`
  const moved = await world.run(set, env)
  expect(moved).toMatchObject({ exitCode: 0, stderr: '' })
  expect(moved.stdout).toContain('newCheckout is on 25 % in staging (was on 5 %)')
  const { stdout } = await world.run(`sluice flags --env staging --json --store ${where}`, env)
  expect(JSON.parse(stdout)).toMatchObject({
    revision: 1,
    flags: [{ key: 'newCheckout', rollout: 25 }],
  })
}

/** What `doctor` says of the server, whose clock is not this world's. */
async function expectServer(where: string, found: RegExp): Promise<void> {
  const { stdout } = await world.run(`sluice doctor --json --store ${where}`)
  const { findings } = JSON.parse(stdout) as { findings: { name: string; found: string }[] }
  const said = (wanted: string) => findings.find(({ name }) => name === wanted)?.found
  expect(said('server')).toMatch(found)
  if (found.source.startsWith('^NATS')) {
    expect(said('clock')).toBe('not behind the log')
    return
  }
  const days = Math.abs(Date.now() - world.clock.now()) / 86_400_000
  expect(said('clock')).toMatch(/^\d+ d (?:behind|ahead of) the server's$/u)
  expect(Math.abs(Number.parseInt(said('clock') ?? '', 10) - days)).toBeLessThan(1)
}

/** What a server that is not there, and a project without its client, are told. */
async function expectRemedies(scheme: string, driver: string): Promise<void> {
  const where = `${scheme}://ada:secret@127.0.0.1:${await freePort()}/`
  const refused = await world.run(`sluice flags --store ${where}`)
  expect(refused.exitCode).toBe(4)
  expect(refused.stderr).toMatch(/ECONNREFUSED|connection refused/u)
  expect(refused.stderr).not.toContain('secret')
  const missing = await createWorld(bare).run(`sluice flags --store ${where}`)
  expect(missing.exitCode).toBe(4)
  expect(missing.stderr).toContain(`needs the package ${driver}`)
  expect(missing.stderr).toContain(`Type npm install ${driver} there`)
  expect(missing.stderr).not.toContain('secret')
}

describeWith(redis, 'a log in Redis', (server) => {
  it('is moved and read', () => moveAndRead(`${server().url}?prefix=shop`))

  it('is looked at by doctor', () =>
    expectServer(`${server().url}?prefix=shop`, /^Redis \d+\.\d+/u))

  it('says what to do without a server, and without a client', () =>
    expectRemedies('redis', 'redis'))

  it('says that credentials are wrong', async () => {
    const guarded = await startRedisWith(['--requirepass', 'right'])
    try {
      const wrong = guarded.url.replace('//', '//:wrong@')
      const { stderr, exitCode } = await world.run(`sluice flags --store ${wrong}`)
      expect(stderr).toContain('WRONGPASS')
      expect(stderr).not.toContain('wrong@')
      expect(exitCode).toBe(4)
      await moveAndRead(guarded.url.replace('//', '//:right@'))
    } finally {
      await guarded.stop()
    }
  })
})

describeWith(postgres, 'a log in PostgreSQL', (server) => {
  it('is moved and read', async () => {
    await (await openStore(server().url, 'shop_log', 15_000)).close()
    await moveAndRead(`${server().url}?table=shop_log`)
    await expectServer(`${server().url}?table=shop_log`, /^PostgreSQL \d+/u)
  })

  it('says what is missing where nobody made the table', async () => {
    const { stderr, exitCode } = await world.run(`sluice flags --store ${server().url}?table=other`)
    expect(stderr).toContain('createSchema')
    expect(exitCode).toBe(4)
  })

  it('says what to do without a server, and without a client', () =>
    expectRemedies('postgres', 'pg'))

  it('says that credentials are wrong', async () => {
    const wrong = server().url.replace('sluice@', 'nobody:secret@')
    const { stderr, exitCode } = await world.run(`sluice flags --store ${wrong}`)
    expect(stderr).toContain('nobody')
    expect(stderr).not.toContain('secret')
    expect(exitCode).toBe(4)
  })
})

describeWith(nats, 'a log in NATS', (server) => {
  it('is moved and read', async () => {
    await (await openStore(server().url, 'shop', 15_000)).close()
    await moveAndRead(`${server().url}?name=shop`)
    await expectServer(`${server().url}?name=shop`, /^NATS \d+\.\d+/u)
  })

  it('says what is missing where nobody made the streams', async () => {
    const { stderr, exitCode } = await world.run(`sluice flags --store ${server().url}?name=other`)
    expect(stderr).toContain('createStreams')
    expect(exitCode).toBe(4)
  })

  it('says what to do without a server, and without a client', () =>
    expectRemedies('nats', '@nats-io/transport-node'))
})

describe('a log over HTTP', () => {
  it('is moved and read with the token, and says that it is wrong', async () => {
    const server = await serveStore(createMemoryStore())
    try {
      await moveAndRead(server.url, { SLUICE_TOKEN: token })
      const wrong = await world.run(`sluice flags --store ${server.url}`, { SLUICE_TOKEN: 'wrong' })
      expect(wrong.stderr).toContain('SLUICE_TOKEN')
      expect(wrong.exitCode).toBe(4)
      const none = await world.run(`sluice flags --store ${server.url}`)
      expect(none.stderr).toContain('SLUICE_TOKEN')
    } finally {
      await server.close()
    }
  })

  it('says so where nobody answers', async () => {
    const where = `http://127.0.0.1:${await freePort()}`
    const { stderr, exitCode } = await world.run(`sluice flags --store ${where}`)
    expect(stderr).toContain('did not answer')
    expect(exitCode).toBe(4)
  })
})
