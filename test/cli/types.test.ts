import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

const yaml = 'version: 1\nflags: { newCheckout: {} }\n'
const line = 'sluice types flags.yaml --out src/app-flags.ts'

let folder: string
let world: MemoryWorld

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-types-'))
  world = createWorld(folder)
  await writeFile(join(folder, 'flags.yaml'), yaml)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const read = (name: string) => readFile(join(folder, name), 'utf8')

describe('sluice types', () => {
  it('makes the folder, and writes over what it wrote', async () => {
    expect((await world.run(line)).exitCode).toBe(0)
    await writeFile(join(folder, 'flags.yaml'), 'version: 1\nflags: { banner: {} }\n')
    expect((await world.run(line)).exitCode).toBe(0)
    expect(await read('src/app-flags.ts')).toMatch(/banner(?!.*newCheckout)/s)
  })

  it('writes over no file of somebody else, the definitions least of all', async () => {
    await writeFile(join(folder, 'mine.ts'), 'export const mine = 1\n')
    for (const out of ['flags.yaml', 'mine.ts']) {
      const { exitCode, stderr } = await world.run(`sluice types flags.yaml --out ${out}`)
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${out} was not written by`)])
    }
    expect([await read('flags.yaml'), await read('mine.ts')]).toEqual([
      yaml,
      'export const mine = 1\n',
    ])
  })

  it('holds a file to the definitions, whatever ends its lines', async () => {
    await world.run(line)
    const text = await read('src/app-flags.ts')
    await writeFile(join(folder, 'src/app-flags.ts'), text.replaceAll('\n', '\r\n'))
    expect((await world.run(`${line} --check`)).exitCode).toBe(0)
    await writeFile(join(folder, 'src/app-flags.ts'), text.replace('newCheckout', 'oldCheckout'))
    expect((await world.run(`${line} --check`)).exitCode).toBe(2)
    expect(await read('src/app-flags.ts')).toContain('oldCheckout')
  })

  it.each([
    [
      'sluice types flags.yaml --check',
      'Type sluice types flags.yaml --out src/app-flags.ts --check',
    ],
    ['sluice types .', '. is a folder.'],
    ['sluice types flags.yaml --out .', '. is a folder.'],
  ])('says of %s what to type instead', async (typed, told) => {
    const { exitCode, stdout, stderr } = await world.run(typed)
    expect([exitCode, stdout]).toEqual([3, ''])
    expect(stderr).toContain(told)
  })

  it('says which names a type may have', async () => {
    const { exitCode, stderr } = await world.run('sluice types flags.yaml --name class')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('such as AppFlags')])
  })
})
