import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admit } from './flag-view-admit.ts'

interface Entry {
  readonly id: number
  readonly revision: number
  readonly needs: readonly number[]
}

/** Takes entries all of whose needs are inside; none of the bad ones is ever. */
function createHouse() {
  const inside = new Set<number>()
  let tries = 0
  return {
    inside,
    get tries() {
      return tries
    },
    apply(entries: readonly Entry[]) {
      tries += 1
      const next = new Set([...inside, ...entries.map(({ id }) => id)])
      if (entries.some(({ needs }) => needs.some((need) => !next.has(need)))) {
        throw new Error('something is missing')
      }
      for (const id of next) inside.add(id)
    },
  }
}

const nowhere = -1

describe('admit', () => {
  it('takes all at once where they fit', () => {
    const house = createHouse()
    const entries = [1, 2, 3].map((id) => ({ id, revision: id, needs: [4 - id] }))
    expect(admit(entries, house.apply)).toEqual([])
    expect([house.inside.size, house.tries]).toEqual([3, 1])
  })

  it('says why each one stays outside', () => {
    const bad = { id: 2, revision: 2, needs: [nowhere] }
    const refusals = admit([{ id: 1, revision: 1, needs: [] }, bad], createHouse().apply)
    expect(refusals).toEqual([{ entry: bad, cause: new Error('something is missing') }])
  })

  it('takes in what was written together, though something else is bad', () => {
    const house = createHouse()
    const pair = [
      { id: 1, revision: 5, needs: [2] },
      { id: 2, revision: 5, needs: [1] },
    ]
    const bad = [3, 4, 6, 7].map((revision) => ({ id: revision, revision, needs: [nowhere] }))
    admit([...bad.slice(0, 2), ...pair, ...bad.slice(2)], house.apply)
    expect([...house.inside]).toEqual([1, 2])
  })

  it('finds one bad entry among thousands in a few tries', () => {
    const house = createHouse()
    const entries = Array.from({ length: 10_000 }, (_, id) => ({
      ...{ id, revision: id, needs: id === 7_777 ? [nowhere] : [] },
    }))
    expect(admit(entries, house.apply).map(({ entry }) => entry.id)).toEqual([7_777])
    expect(house.tries).toBeLessThan(40)
  })

  it('takes in everything that fits, in whatever order it came', () => {
    // An entry needs only lower ones, so that what fits is unique: those that lead to no bad one.
    const plan = fc.array(
      fc.record({
        isBad: fc.boolean(),
        needs: fc.array(fc.nat(), { maxLength: 3 }),
        at: fc.nat(9),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(plan, (rows) => {
        const entries = rows.map(({ isBad, needs, at }, id) => ({
          ...{ id, revision: at },
          needs: isBad && needs.length === 0 ? [nowhere] : id === 0 ? [] : needs.map((n) => n % id),
        }))
        const fitting = new Set<number>()
        for (const { id, needs } of entries) {
          if (needs.every((need) => fitting.has(need))) fitting.add(id)
        }
        const house = createHouse()
        entries.sort((one, other) => one.revision - other.revision)
        const refusals = admit(entries, house.apply)
        expect(house.inside).toEqual(fitting)
        expect(refusals.length).toBe(entries.length - fitting.size)
      }),
      { numRuns: 1_000 },
    )
  })
})
