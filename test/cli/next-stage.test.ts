import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWorld, type MemoryWorld } from './world.ts'

const start = 'sluice rollout start newCheckout --type hotfix --reason "a fix" --yes'

let folder: string
let world: MemoryWorld
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-next-stage-'))
  world = createWorld(folder)
  await world.run('sluice init')
  const config = {
    ...{ store: './.sluice/log', environment: 'production', definitions: './flags.yaml' },
    directory: { ada: ['developer'], cy: ['on_call'] },
  }
  await rm(join(folder, 'sluice.config.ts'))
  await writeFile(join(folder, 'sluice.config.json'), JSON.stringify(config))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The first id of an approval that is shown. */
function idIn(text: string): string {
  const found = /\b[0-9a-f]{12}-\d+\b/.exec(text)?.[0]
  if (found === undefined) throw new Error(`no id in ${text}`)
  return found
}

describe('the approval of a rollout that waits', () => {
  it('is shown once it is given, with who begins the rollout', async () => {
    const id = idIn((await world.run(start)).stdout)
    await world.run(`sluice approve ${id} --reason fine --yes`, { SLUICE_ACTOR: 'cy' })
    const { stdout } = await world.run('sluice rollout status newCheckout')
    expect(stdout).toContain('awaiting approval  0 %')
    expect(stdout).toContain(
      `approval ${id} (hotfix) is given; a service that runs its controller with approvals begins it`,
    )
  })

  it('is not mixed up with what else is asked for the flag', async () => {
    await world.run(start)
    const { stderr } = await world.run('sluice enable newCheckout --reason on --yes')
    const { stdout } = await world.run('sluice rollout status newCheckout')
    expect(stdout).toContain('(hotfix) wants on_call')
    expect(stdout).not.toContain(idIn(stderr))
  })
})
