import { chmod, mkdtemp, readdir, readFile, readlink, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

let folder: string
let world: MemoryWorld

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-half-'))
  world = createWorld(folder)
  await world.run('sluice init')
  expect((await world.run('sluice set newCheckout 5 --env staging --reason try')).exitCode).toBe(0)
  await world.run('sluice export audit.jsonl')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const read = (name: string) => readFile(join(folder, name), 'utf8')

describe('a file that an auditor has', () => {
  it('stays as it was where the next export fails', async () => {
    const before = await read('audit.jsonl')
    expect(before).toContain('set_rollout')
    const { exitCode, stderr } = await world.run('sluice export audit.jsonl --archive nowhere')
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining('nowhere')])
    expect(await read('audit.jsonl')).toBe(before)
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([])
  })

  it('keeps its rights, and its name where that is a link', async () => {
    await symlink('audit.jsonl', join(folder, 'latest.jsonl'))
    await chmod(join(folder, 'audit.jsonl'), 0o600)
    await world.run('sluice set newCheckout 25 --env staging --reason try')
    expect((await world.run('sluice export latest.jsonl')).exitCode).toBe(0)
    expect(await readlink(join(folder, 'latest.jsonl'))).toBe('audit.jsonl')
    const { mode } = await stat(join(folder, 'audit.jsonl'))
    expect(mode & 0o777).toBe(0o600)
  })

  it.skipIf(process.getuid?.() === 0)(
    'is not replaced where it may not be written; skipped as root, who may write everything',
    async () => {
      await chmod(join(folder, 'audit.jsonl'), 0o400)
      const { exitCode, stderr } = await world.run('sluice export audit.jsonl')
      expect([exitCode, stderr]).toEqual([
        1,
        expect.stringContaining('that you may read and write'),
      ])
    },
  )

  it('may be a device', async () => {
    expect((await world.run('sluice export /dev/null')).exitCode).toBe(0)
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })
})
