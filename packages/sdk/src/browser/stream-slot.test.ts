import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerOf, openPage, sheetOf } from './browser.fixture.ts'
import type { Locks } from './platform.ts'
import { takeSlot } from './stream-slot.ts'

/** The locks of an origin, as tabs share them. */
function createLocks() {
  const held = new Set<string>()
  const locks: Locks = {
    async request(name, { ifAvailable }, use) {
      expect(ifAvailable).toBe(true)
      if (held.has(name)) return use(null)
      held.add(name)
      try {
        return await use({ name })
      } finally {
        held.delete(name)
      }
    },
  }
  return { locks, held }
}

describe('takeSlot', () => {
  it('gives four places, and one again when it is given back', async () => {
    const { locks, held } = createLocks()
    const places = []
    for (let tab = 0; tab < 5; tab += 1) places.push(await takeSlot(locks))
    expect(places.map((place) => place !== undefined)).toEqual([true, true, true, true, false])
    expect(held.size).toBe(4)
    places[1]!()
    await new Promise(setImmediate)
    expect(held.size).toBe(3)
    expect(await takeSlot(locks)).toBeTypeOf('function')
    expect(await takeSlot(locks)).toBeUndefined()
  })

  it('gives a place where there are no locks, or none for this page', async () => {
    const refused: Locks[] = [
      { request: () => Promise.reject(new Error('SecurityError')) },
      {
        request() {
          throw new Error('SecurityError')
        },
      },
    ]
    for (const locks of [undefined, ...refused]) {
      expect(await takeSlot(locks)).toBeTypeOf('function')
    }
  })
})

describe('a page among the tabs of its origin', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('gives its place back with its stream, and while it is still asking for one', async () => {
    const { locks, held } = createLocks()
    vi.stubGlobal('navigator', { locks })
    const first = openPage()
    await first.settle()
    expect([held.size, first.sources.length]).toEqual([1, 1])
    first.flags.close()
    const hasty = openPage()
    hasty.flags.close()
    await hasty.settle()
    expect([held.size, hasty.sources.length]).toEqual([0, 0])
  })

  it('polls while the others have all places, and takes one that gets free', async () => {
    const { locks } = createLocks()
    vi.stubGlobal('navigator', { locks })
    const places = []
    for (let tab = 0; tab < 4; tab += 1) places.push(await takeSlot(locks))
    const { flags, clock, sources, fetched, settle } = openPage({}, answerOf(sheetOf({ on: true })))
    await settle()
    expect([sources.length, fetched.length, flags.status]).toEqual([0, 1, 'live'])
    places[2]!()
    await clock.advance(15_000)
    expect([sources.length, fetched.length]).toEqual([1, 1])
    flags.close()
  })
})
