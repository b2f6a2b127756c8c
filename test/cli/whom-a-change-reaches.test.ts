import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

const flagsFile = (enabled: boolean) => `version: 1
flags:
  greeting:
    enabled: ${enabled}
    environments: [production]
    rollout: 0
    rules: [{ if: { attribute: country, is: DE } }]
`

let folder: string
let world: MemoryWorld
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-reach-'))
  world = createWorld(folder)
  await world.run('sluice init')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('a plan says that rules let somebody on whom the share does not', async () => {
  await writeFile(join(folder, 'flags.yaml'), flagsFile(true))
  const { stdout } = await world.run('sluice apply flags.yaml --dry-run')
  expect(stdout).toContain('production  on 0 %, 1 rule\n')
})

it('so does the question before a flag is turned on', async () => {
  await writeFile(join(folder, 'flags.yaml'), flagsFile(false))
  const line = 'sluice enable greeting --env production --reason "for Germany"'
  const enable = world.start(line, { isTTY: true })
  await enable.shows('greeting in production: off → on 0 %, 1 rule. Do it?')
  enable.type('n\n')
  expect((await enable.outcome).exitCode).toBe(1)
})
