import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExposureTable } from './exposure-table.ts'

const hash = fc.nat(2 ** 30 - 1)

describe('the table of exposures', () => {
  it('knows what it was given last, and nothing that it was not given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(hash, hash), { maxLength: 200 }),
        hash,
        hash,
        (given, place, mark) => {
          const table = new ExposureTable(64)
          for (const each of given) {
            table.add(...each)
            expect(table.has(...each)).toBe(true)
          }
          const isGiven = given.some(([at, of]) => (at - place) % 16 === 0 && of === mark)
          if (!isGiven) expect(table.has(place, mark)).toBe(false)
        },
      ),
    )
  })

  it('keeps four in one place, and then forgets one for another', () => {
    const table = new ExposureTable(16)
    for (let mark = 0; mark < 4; mark += 1) table.add(7, mark)
    expect([0, 1, 2, 3].map((mark) => table.has(7, mark))).toEqual([true, true, true, true])
    expect(table.has(6, 0)).toBe(false)
    table.add(7, 4)
    const kept = [0, 1, 2, 3, 4].filter((mark) => table.has(7, mark))
    expect(kept).toHaveLength(4)
    expect(kept).toContain(4)
    for (let mark = 5; mark < 8; mark += 1) table.add(7, mark)
    expect([4, 5, 6, 7].map((mark) => table.has(7, mark))).toEqual([true, true, true, true])
  })

  it('forgets everything when it is cleared', () => {
    const table = new ExposureTable(16)
    table.add(1, 0)
    table.clear()
    expect(table.has(1, 0)).toBe(false)
  })
})
