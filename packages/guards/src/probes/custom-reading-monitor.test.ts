import { describe, expect, it } from 'vitest'
import { createCustomReadingMonitor, customReading } from './index.ts'
import { toTick } from './ticks.fixture.ts'

describe('customReading', () => {
  const judgeOne = (better: 'higher' | 'lower', stable: number, canary: number) => {
    const monitor = createCustomReadingMonitor(customReading({ name: 'c', better, forMs: 0 }))
    monitor.observe(toTick(0, 'c', { stable, canary }))
    return monitor.judge()
  }

  it('fails when the canary is more than the margin worse, on the side that is worse', () => {
    expect(judgeOne('lower', 10, 12)).toMatchObject({ outcome: 'fail', estimate: 1.2 })
    expect(judgeOne('lower', 10, 11).outcome).toBe('pass')
    expect(judgeOne('lower', 10, 1).outcome).toBe('pass')
    expect(judgeOne('higher', 11.1, 10).outcome).toBe('fail')
    expect(judgeOne('higher', 10, 100).outcome).toBe('pass')
  })

  it('finds nothing beside nothing alike, and something beside nothing worse', () => {
    expect(judgeOne('lower', 0, 0)).toMatchObject({ outcome: 'pass', estimate: undefined })
    expect(judgeOne('lower', 0, 1).outcome).toBe('fail')
    expect(judgeOne('higher', 1, 0).outcome).toBe('fail')
    const monitor = createCustomReadingMonitor(
      customReading({ name: 'c', better: 'lower', forMs: 0 }),
    )
    monitor.observe(toTick(0, 'c', { stable: 0, canary: 1 }))
    monitor.observe(toTick(1, 'c', { stable: 0, canary: 0 }))
    expect(monitor.judge().outcome).toBe('pass')
  })

  it('waits for numbers that can be compared', () => {
    expect(judgeOne('lower', -1, 1)).toMatchObject({
      outcome: 'inconclusive',
      because: 'c is unknown: the numbers are -1 and 1; two of 0 or more are compared',
    })
    expect(judgeOne('lower', 1, Number.NaN).outcome).toBe('inconclusive')
  })

  it('says how far it is, holds its time, and passes again at half the margin', () => {
    const monitor = createCustomReadingMonitor(
      customReading({ name: 'conversion', better: 'higher', forMs: 20_000 }),
    )
    const feedNumbers = (seconds: number, canary: number) =>
      monitor.observe(toTick(seconds, 'conversion', { stable: 0.04, canary }))
    feedNumbers(0, 0.03)
    feedNumbers(10, 0.03)
    expect(monitor.judge()).toMatchObject({
      outcome: 'inconclusive',
      because:
        "conversion 0.03 in the canary beside 0.04 is over 1.1 × worse than stable's for 10 s of 20 s",
      estimate: 0.75,
      evidence: 0.5,
    })
    feedNumbers(20, 0.03)
    expect(monitor.judge().outcome).toBe('fail')
    feedNumbers(30, 0.0375)
    expect(monitor.judge().outcome).toBe('fail')
    feedNumbers(40, 0.0385)
    expect(monitor.judge().outcome).toBe('pass')
  })
})
