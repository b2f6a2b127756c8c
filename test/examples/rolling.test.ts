import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('rolling over four instances', () => {
  it('updates one after the other, reverts a version that does not become healthy, and drops no request', async () => {
    const args = ['--import', 'tsx', '-C', '@sluice/source', 'examples/rolling-instances/main.ts']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root })
    expect(stderr).toBe('')
    const lines = stdout.split('\n').map((line) => line.trim())
    const taken = lines.filter((line) => / is taken out$/.test(line))
    // Four go forward; then one goes forward, and back.
    expect(taken).toEqual(
      ['shop-1', 'shop-2', 'shop-3', 'shop-4', 'shop-1', 'shop-1'].map(
        (name) => `${name} is taken out`,
      ),
    )
    const everywhere = 'shop-1 v2, shop-2 v2, shop-3 v2, shop-4 v2'
    expect(lines.filter((line) => line === everywhere)).toHaveLength(2)
    expect(lines.some((line) => line.includes('shop-1 is not healthy with v3'))).toBe(true)
    expect(lines.at(-2)).toMatch(/^answers: \{"v1":\d+,"v2":\d+\}, dropped: 0$/)
  })
})
