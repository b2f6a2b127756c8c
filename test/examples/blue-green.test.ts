import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { haproxy } from '../services/haproxy.ts'
import { describeWith } from '../services/service.ts'
import { bundleProgram, runProgram } from './bundle-program.ts'

describeWith(haproxy, 'blue-green behind HAProxy', () => {
  it('switches a bad version back and a good one through, and drops no request', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-blue-green-'))
    try {
      const program = join(directory, 'main.mjs')
      await bundleProgram('examples/blue-green-haproxy/main.ts', program)
      const { lines, stderr } = await runProgram(program)
      expect(stderr).toBe('')
      const told = (part: string, after = 0) => {
        return lines.findIndex((line, at) => at > after && line.includes(part))
      }
      const switched = told('HAProxy: blue 20 %, green 80 %')
      const back = told('HAProxy: blue 100 %, green 0 %', switched)
      const second = told('HAProxy: blue 20 %, green 80 %', back)
      const through = told('HAProxy: blue 0 %, green 100 %', second)
      expect([switched, back, second, through]).not.toContain(-1)
      expect(told('blue is live with v1', back)).toBeLessThan(second)
      expect(told('green is live with v3', through)).toBeGreaterThan(through)
      expect(lines.filter((line) => line.includes('error: '))).toEqual([])
      expect(lines.at(-2)).toMatch(/dropped: 0$/)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})
