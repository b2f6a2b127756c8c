import { describe, expect, it } from 'vitest'
import { runSchedule } from './schedules/run-schedule.ts'

/** Ten times as many where there is time. */
const blocks = process.env.SLUICE_LONG ? 100 : 10
const schedulesPerBlock = 1_000

/** The seed of one schedule to run again. */
const again = process.env.SLUICE_SCHEDULE

describe('replicas of a log to which everything happens that can', () => {
  if (again !== undefined) {
    it(`keep their promises in schedule ${again}`, () => runSchedule(Number(again)))
    return
  }
  it.each(Array.from({ length: blocks }, (_, block) => block * schedulesPerBlock))(
    `keep their promises in ${schedulesPerBlock} schedules from %i on`,
    async (first) => {
      const broken: string[] = []
      for (let seed = first; seed < first + schedulesPerBlock; seed += 1) {
        await runSchedule(seed).catch((error: unknown) => {
          broken.push(`SLUICE_SCHEDULE=${seed}: ${(error as Error).message}`)
        })
      }
      expect(broken, 'run one again with the variable before it').toEqual([])
    },
  )
})
