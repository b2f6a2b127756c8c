import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFlags } from '@sluice/stores'
import { createFileStore } from '@sluice/stores/file'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

let folder: string
let world: MemoryWorld

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-doctor-'))
  world = createWorld(folder)
  await mkdir(join(folder, 'log'))
  const config = {
    ...{ store: './log', environment: 'production', cache: './cache.json' },
    definitions: { newCheckout: { enabled: true, rollout: 5, environments: ['production'] } },
  }
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
  await change('1')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function change(percent: string): Promise<void> {
  await world.run(`sluice set newCheckout ${percent} --yes --reason x`)
}

/** What `doctor` says of one thing. */
async function finding(wanted: string, line = 'sluice doctor') {
  const { stdout } = await world.run(`${line} --json`)
  const { findings } = JSON.parse(stdout) as { findings: readonly { readonly name: string }[] }
  return findings.find(({ name }) => name === wanted)
}

/** Runs a client of the application once, which leaves its cache. */
async function runApplication(): Promise<void> {
  const store = createFileStore({ directory: join(folder, 'log') })
  const cache = join(folder, 'cache.json')
  const flags = openFlags({ store, clock: world.clock, environment: 'production', cache })
  await flags.ready()
  await flags.close()
  await store.close()
}

describe('doctor looks at the cache', () => {
  it('that the configuration names, and at none else', async () => {
    await writeFile(join(folder, 'bare.json'), '{}')
    const { stdout } = await world.run('sluice doctor --config bare.json --store ./log')
    expect(stdout).not.toContain('cache')
    expect(await finding('cache')).toMatchObject({ status: 'warn' })
  })

  it('and is content where a client wrote it', async () => {
    await runApplication()
    await world.clock.advance(3_600_000)
    expect(await finding('cache')).toEqual({
      ...{ name: 'cache', status: 'ok', found: 'revision 1, 60 min old' },
    })
  })

  it('and says that nobody writes it any more', async () => {
    await runApplication()
    await change('2')
    await world.clock.advance(60_000)
    expect(await finding('cache')).toMatchObject({ status: 'ok' })
    await world.clock.advance(1_000)
    expect(await finding('cache')).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('the log stands at 2'),
      remedy: expect.stringContaining('do its flags name this cache?'),
    })
  })

  it('and says that it is damaged, or of another log', async () => {
    await runApplication()
    const whole = await readFile(join(folder, 'cache.json'), 'utf8')
    await writeFile(join(folder, 'cache.json'), whole.slice(0, -20))
    expect(await finding('cache')).toMatchObject({
      ...{ status: 'warn', found: expect.stringContaining('cannot be read') },
    })
    await writeFile(join(folder, 'cache.json'), whole)
    await rm(join(folder, 'log'), { recursive: true })
    await mkdir(join(folder, 'log'))
    await world.clock.advance(1_000)
    await change('3')
    expect(await finding('cache')).toMatchObject({
      ...{ status: 'warn', found: expect.stringContaining("of another log than the store's") },
    })
  })

  it('although the store is away', async () => {
    await runApplication()
    expect(await finding('cache', 'sluice doctor --store ./nowhere')).toMatchObject({
      status: 'ok',
    })
    expect(await finding('store', 'sluice doctor --store ./nowhere')).toMatchObject({
      status: 'fail',
    })
  })
})

it('tells a log that is damaged from a store that is away', async () => {
  await change('2')
  const file = join(folder, 'log/000000000002.json')
  await writeFile(file, (await readFile(file, 'utf8')).replace('ada', 'eve'))
  expect(await finding('chain')).toMatchObject({ status: 'fail' })
  expect(await finding('store')).toBeUndefined()
})

describe('doctor looks at versions', () => {
  async function install(name: string, version: string): Promise<void> {
    const place = join(folder, 'node_modules/@sluice', name)
    await mkdir(place, { recursive: true })
    await writeFile(
      join(place, 'package.json'),
      JSON.stringify({
        name: `@sluice/${name}`,
        version,
        exports: { './package.json': './package.json' },
      }),
    )
  }

  it('and is content where all packages are of one', async () => {
    const file = new URL('../../packages/cli/package.json', import.meta.url)
    const { version } = JSON.parse(await readFile(file, 'utf8'))
    expect(await finding('packages')).toMatchObject({
      ...{ status: 'ok', found: `this is ${version}; the project has none installed` },
    })
    await install('sdk', version)
    await install('stores', version)
    expect(await finding('packages')).toMatchObject({
      ...{ status: 'ok', found: `2 of @sluice, all ${version}` },
    })
  })

  it('and says which is of another, and what to type', async () => {
    await install('sdk', '0.0.7')
    const found = await finding('packages')
    expect(found).toMatchObject({ status: 'warn' })
    expect(JSON.stringify(found)).toMatch(/@sluice\/sdk 0\.0\.7.*npm install @sluice\/sdk@\d/u)
    expect(await finding('node')).toMatchObject({ status: 'ok' })
  })
})
