import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { bundleProgram, runProgram } from './bundle-program.ts'

let directory: string
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('the canary with approval', () => {
  it('starts by itself when it is approved by the right person, and ends fully rolled out', async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-approval-'))
    const program = join(directory, 'main.mjs')
    await bundleProgram('examples/canary-with-approval/main.ts', program)
    const { lines, stderr } = await runProgram(program)
    expect(stderr).toBe('')
    const told = (part: string) => lines.findIndex((line) => line.includes(part))
    const story = [
      'newCheckout waits to begin',
      'refused, own_request',
      'refused, not_an_approver',
      'voided: ',
      'newCheckout begins at 5 percent',
      'newCheckout is at 25 percent',
      'newCheckout is at 50 percent',
      'newCheckout is at 100 percent',
      'newCheckout is fully rolled out',
    ].map(told)
    expect(story).not.toContain(-1)
    expect(story).toEqual([...story].sort((one, other) => one - other))
  })
})
