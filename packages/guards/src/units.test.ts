import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSteadyClock } from './steady-clock.ts'
import { createFailedUnits, createSeenUnits, hashUnit } from './units.ts'

const names = Array.from({ length: 100_000 }, (_, index) => `user-${index}`)

/** Failed units under a clock that the test moves. */
function createUnits() {
  let now = 0
  const units = createFailedUnits(createSteadyClock(() => now))
  return {
    fail: (unit: string, at: number) => {
      now = at
      return units.add(hashUnit(unit))
    },
  }
}

describe('hashUnit', () => {
  it('gives a hundred thousand names of one kind a hash each, but for a few', () => {
    const hashes = new Set(names.map(hashUnit))
    // 1.2 pairs are to be expected.
    expect(names.length - hashes.size).toBeLessThan(8)
  })

  it('spreads them over the low bits evenly', () => {
    const sets = new Float64Array(1_024)
    for (const name of names) sets[hashUnit(name) & 1_023]!++
    const mean = names.length / 1_024
    const chiSquare = sets.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
    // Mean 1,023 and deviation 45: five of them.
    expect(chiSquare).toBeLessThan(1_023 + 5 * 45)
  })

  it('tells names apart by every code unit and by their length', () => {
    const all = [
      '',
      'a',
      'aa',
      'ab',
      'ba',
      '\0',
      '\0\0',
      'Ä',
      'A\u0308',
      '😀',
      '\ud83d',
      'a'.repeat(9),
    ]
    expect(new Set(all.map(hashUnit)).size).toBe(all.length)
  })
})

describe('units seen', () => {
  it('are new once', () => {
    const seen = createSeenUnits()
    const isNew = (name: string) => seen.add(hashUnit(name))
    expect(['ada', 'ben', 'ada', 'ben', 'eve'].map(isNew)).toEqual([true, true, false, false, true])
    seen.clear()
    expect(isNew('ada')).toBe(true)
  })

  it('keep the share of a twentieth, however full the memory is', () => {
    const seen = createSeenUnits()
    const news = [0, 0]
    for (let index = 0; index < 1_000_000; index++) {
      if (seen.add(hashUnit(`visitor ${index}`))) news[index % 20 === 0 ? 1 : 0]!++
    }
    const total = news[0]! + news[1]!
    // 131,072 bits of which 1 − exp(−7.6) are taken.
    expect(total).toBeGreaterThan(130_000)
    expect(total).toBeLessThanOrEqual(131_072)
    expect(news[1]! / total).toBeCloseTo(0.05, 2)
  })
})

describe('failed units', () => {
  it('count again after a minute, and not before', () => {
    const { fail } = createUnits()
    expect([0, 1, 30_000, 59_999].map((at) => fail('ada', at))).toEqual([true, false, false, false])
    expect([60_000, 119_999, 120_000].map((at) => fail('ada', at))).toEqual([true, false, true])
  })

  it('forget the one that was counted longest ago where a set is full', () => {
    const { fail } = createUnits()
    const set = names.filter((name) => (hashUnit(name) & 1_023) === 5).slice(0, 5)
    const [first, second, , , fifth] = set as [string, string, string, string, string]
    expect(set.slice(0, 4).map((name, at) => fail(name, at))).toEqual([true, true, true, true])
    expect(fail(fifth, 10)).toBe(true)
    expect(fail(second, 11)).toBe(false)
    expect(fail(first, 12)).toBe(true)
  })

  it('tell two thousand apart, but for one in ten at most', () => {
    const { fail } = createUnits()
    const failing = names.slice(0, 2_000)
    for (const name of failing) fail(name, 1)
    const again = failing.filter((name) => fail(name, 2)).length
    expect(again).toBeLessThan(failing.length * 0.1)
  })

  it('are no more than the pairs of unit and minute, and each is counted where it is first seen', () => {
    const event = fc.tuple(fc.constantFrom('ada', 'ben', 'eve'), fc.nat(90_000))
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const { fail } = createUnits()
        const pairs = new Set<string>()
        const units = new Set<string>()
        let now = 0
        let counted = 0
        for (const [unit, passedMs] of events) {
          now += passedMs
          const isCounted = fail(unit, now)
          if (!units.has(unit)) expect(isCounted).toBe(true)
          units.add(unit)
          pairs.add(`${unit} ${Math.floor(now / 60_000)}`)
          if (isCounted) counted++
        }
        expect(counted).toBeLessThanOrEqual(pairs.size)
        expect(counted).toBeGreaterThanOrEqual(units.size)
      }),
    )
  })
})

describe('a steady clock', () => {
  it('stands still where the other steps back or is no number, and goes on from there', () => {
    const answers = [1_000, 1_500, Number.NaN, 1_700, 1_700 - 3_600_000, 100 - 3_598_000, Infinity]
    const clock = createSteadyClock(() => answers.shift() ?? 0)
    const times = Array.from({ length: 6 }, () => clock.now())
    expect(times).toEqual([500, 500, 700, 700, 1_100, 1_100])
  })
})
