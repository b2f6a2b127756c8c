import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleProgram, run } from './processes.ts'

interface Report {
  readonly calls: number
  readonly wrong: number
  readonly mostTimers: number
  readonly heapAfterHour: readonly number[]
  readonly status: string
  readonly after: { readonly status: string; readonly isEnabled: boolean }
  readonly timersLeft: number
}

let programs: string
let outage: string
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'sluice-programs-'))
  outage = await bundleProgram('outage', programs)
})
afterAll(() => rm(programs, { recursive: true }))

const daySeconds = 24 * 3_600

describe('a day without the store, a hundred flags asked all the time', () => {
  for (const [kind, leastPauseSeconds] of [
    // Half of the longest pause is left to chance.
    ['refusing', 15],
    // To which the limit of a call is added, that is never answered.
    ['silent', 25],
  ] as const) {
    it(`costs little and leaves nothing behind: a ${kind} store`, async () => {
      const { said, ended } = run(outage, [kind], ['--expose-gc'])
      expect(await ended).toBe(0)
      const report = JSON.parse(said()) as Report
      expect(report.wrong).toBe(0)
      expect(report.status).toBe('cached')
      // It never gives up, and never hurries. The first pauses are shorter.
      expect(report.calls).toBeLessThan(daySeconds / leastPauseSeconds + 10)
      expect(report.calls).toBeGreaterThan(daySeconds / (leastPauseSeconds + 15) - 10)
      // One pause or one limit at a time.
      expect(report.mostTimers).toBeLessThanOrEqual(2)
      // A kilobyte for each of some 5,000 looks would be five times as much.
      const [early, late] = [report.heapAfterHour[1]!, report.heapAfterHour[23]!]
      expect(late - early).toBeLessThan(1_000_000)
      expect(report.after).toEqual({ status: 'live', isEnabled: false })
      expect(report.timersLeft).toBe(0)
    })
  }
})
