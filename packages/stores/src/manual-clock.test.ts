import { describe, expect, it } from 'vitest'
import { createManualClock } from './manual-clock.ts'

describe('a manual clock', () => {
  it('wakes timers in order of due time, then of creation, each at its own instant', async () => {
    const clock = createManualClock(1_000)
    const seen: string[] = []
    const note = (name: string) => () => seen.push(`${name} ${clock.now()}`)
    clock.after(20, note('late'))
    clock.after(10, note('first'))
    clock.after(10, note('second'))
    const cancel = clock.after(5, note('cancelled'))
    cancel()
    await clock.advance(15)
    expect(seen).toEqual(['first 1010', 'second 1010'])
    expect([clock.now(), clock.pendingTimers]).toEqual([1_015, 1])
    await clock.set(1_020)
    expect(seen.at(-1)).toBe('late 1020')
  })

  it('runs what a timer set off, and the timers that set, before it goes on', async () => {
    const clock = createManualClock(0)
    const seen: number[] = []
    const tick = async () => {
      for (let turn = 0; turn < 100; turn += 1) await Promise.resolve()
      seen.push(clock.now())
      if (seen.length < 3) clock.after(10, tick)
    }
    clock.after(10, tick)
    await clock.advance(100)
    expect(seen).toEqual([10, 20, 30])
  })

  it('does not go back', async () => {
    const clock = createManualClock(10)
    await expect(clock.set(9)).rejects.toThrow(RangeError)
    await expect(clock.advance(Number.NaN)).rejects.toThrow(RangeError)
  })
})
