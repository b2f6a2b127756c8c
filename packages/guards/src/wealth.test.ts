import { describe, expect, it } from 'vitest'
import { createWealth, type Wealth } from './wealth.ts'

/** Plays a series of gains, one a second, on a single bet. */
function play(wealth: Wealth, seconds: number, gain: number, from = 0): void {
  for (let second = from; second < from + seconds; second++) {
    wealth.open(second * 1000, second, 2 * second)
    wealth.gains[0] = gain
    wealth.settle()
  }
}

describe('createWealth', () => {
  it('begins with one unit, seven tenths of it at stake', () => {
    const wealth = createWealth(1, 0.01)
    expect(wealth.readLog()).toBe(0)
    play(wealth, 1, Math.log(3))
    expect(wealth.readLog()).toBeCloseTo(Math.log(0.7 * 3 + 0.3), 12)
  })

  it('never places more than one unit, however long it runs', () => {
    const wealth = createWealth(1, 0.01)
    play(wealth, 3600, 0)
    for (const at of [1e8, 1e10, 1e13]) wealth.open(at, 0, 0)
    wealth.gains[0] = 0
    wealth.settle()
    // Nothing was won or lost, so what is staked and what is kept must still be one.
    expect(wealth.readLog()).toBeCloseTo(0, 9)
  })

  it('says when a start was due: at once, then every 30 s, once after a gap', () => {
    const wealth = createWealth(1, 0.01)
    const instants = [5_000, 6_000, 34_999, 35_000, 36_000, 200_000, 201_000]
    const due = instants.filter((at) => wealth.open(at, 0, 0))
    expect(due).toEqual([5_000, 35_000, 200_000])
  })

  it('rejects at 1/alpha and remembers it', () => {
    const wealth = createWealth(1, 0.01)
    play(wealth, 1, Math.log((100 - 0.3) / 0.7 - 0.1))
    expect(wealth.isRejected()).toBe(false)
    play(wealth, 1, Math.log(((100 - 0.3) / 0.7 + 0.1) / ((100 - 0.3) / 0.7 - 0.1)), 1)
    expect(wealth.isRejected()).toBe(true)
    play(wealth, 10, -10, 2)
    expect(wealth.isRejected()).toBe(true)
    expect(wealth.readLog()).toBeLessThan(0)
  })

  it('has fresh money for trouble that begins after heavy losses', () => {
    const wealth = createWealth(1, 0.01)
    play(wealth, 1800, -1)
    play(wealth, 30, 0, 1800)
    play(wealth, 10, 1, 1830)
    // A start at minute 30.5 has about 1/1,300 of the money: ln 1,300 + ln 100 are won back within 12 s, not 1,800.
    expect(wealth.isRejected()).toBe(false)
    play(wealth, 3, 1, 1840)
    expect(wealth.isRejected()).toBe(true)
  })

  it('reads ratios since the start that caught the trouble', () => {
    const wealth = createWealth(1, 0.01)
    wealth.open(0, 0, 0)
    wealth.gains[0] = -50
    wealth.settle()
    wealth.open(30_000, 1000, 500)
    wealth.gains[0] = 5
    wealth.settle()
    expect(wealth.ratioSince(1030, 510)).toBeCloseTo(3, 9)
  })

  it('stays finite when a tick holds a hundred thousand errors', () => {
    const wealth = createWealth(1, 0.01)
    play(wealth, 1000, 3e5)
    expect(wealth.readLog()).toBeCloseTo(3e8, -2)
    play(wealth, 2000, -3e5, 1000)
    expect(Number.isFinite(wealth.readLog())).toBe(true)
  })
})
