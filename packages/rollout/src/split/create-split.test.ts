import { createFlagSet } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSplit } from './create-split.ts'

const keys = Array.from({ length: 4_000 }, (_, index) => `user-${index}`)

/** How many of the keys changed their arm, as a share; and the least share that had to. */
function movement(before: Record<string, number>, after: Record<string, number>) {
  const split = createSplit({ arms: before })
  const arms = keys.map((key) => split.pick(key))
  split.set(after)
  const moved = keys.filter((key, index) => split.pick(key) !== arms[index]).length / keys.length
  const differences = Object.keys(before).map((arm) => Math.abs(after[arm]! - before[arm]!))
  return { moved, least: differences.reduce((sum, each) => sum + each, 0) / 200 }
}

/** Six standard deviations of a share of the keys: a property looks hundreds of times. */
const noise = 6 * Math.sqrt(0.25 / keys.length)

describe('createSplit', () => {
  it('serves each arm its share, within 4 standard deviations', () => {
    for (const arms of [
      { stable: 95, canary: 5 },
      { stable: 20, canary: 30, other: 50 },
      { a: 10, b: 20, c: 30, d: 40 },
      { a: 1, b: 1, c: 1, d: 1, e: 96 },
    ] as Record<string, number>[]) {
      const split = createSplit({ arms })
      for (const [arm, weight] of Object.entries(arms)) {
        const share = weight / 100
        const deviation = Math.sqrt((share * (1 - share)) / keys.length)
        const found = keys.filter((key) => split.pick(key) === arm).length / keys.length
        expect(Math.abs(found - share), arm).toBeLessThan(4 * deviation)
      }
    }
  })

  it('gives nobody to an arm at 0 and everybody to one at 100', () => {
    const shares: Record<string, number>[] = [
      { stable: 100, canary: 0 },
      { stable: 0, canary: 100 },
      { stable: 0, canary: 33.3, other: 66.7 },
      { stable: 66.7, canary: 33.3, other: 0 },
      { a: 0, b: 100, c: 0, d: 0 },
    ]
    for (const arms of shares) {
      const split = createSplit({ arms })
      const without = Object.keys(arms).filter((arm) => arms[arm] === 0)
      expect(keys.filter((key) => without.includes(split.pick(key)))).toEqual([])
      for (const random of [0, 0.333, 0.5, 1 - 2 ** -53]) {
        const byChance = createSplit({ arms, random: () => random })
        expect(without).not.toContain(byChance.pick())
      }
    }
  })

  it('has the canary where the flag with its salt is on, at any percentage', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.string({ minLength: 1 }), (permille, key) => {
        const canary = permille / 10
        const flags = createFlagSet(
          { checkout: { enabled: true, rollout: canary, environments: ['production'] } },
          { environment: 'production' },
        )
        const split = createSplit({ arms: { stable: 100 - canary, canary }, salt: 'checkout' })
        for (const each of [key, ...keys.slice(0, 50)])
          expect(split.pick(each) === 'canary').toBe(flags.isEnabled('checkout', each))
      }),
    )
  })

  it('takes numbers as a flag does', () => {
    const split = createSplit({ arms: { stable: 50, canary: 50 } })
    expect(split.pick(17)).toBe(split.pick('17'))
    expect(split.pick(17n)).toBe(split.pick('17'))
  })

  it('chooses at random for who has no key, and never throws', () => {
    let next = 0.3
    const split = createSplit({ arms: { stable: 50, canary: 50 }, random: () => next })
    expect(split.pick()).toBe('canary')
    expect(split.pick('')).toBe('canary')
    next = 0.7
    for (const key of [undefined, '', Number.NaN, null, {}] as never[])
      expect(split.pick(key)).toBe('stable')
    next = Number.NaN
    expect(['stable', 'canary']).toContain(split.pick())
  })

  it('is the router of its process', async () => {
    const split = createSplit({ arms: { stable: 95, canary: 5 } })
    await split.apply({ stable: 0, canary: 100 })
    expect(await split.read()).toEqual({ stable: 0, canary: 100 })
    expect(split.weights).toEqual({ stable: 0, canary: 100 })
    expect(split.pick('anyone')).toBe('canary')
    await split.apply({ stable: 100 })
    expect(split.weights).toEqual({ stable: 100, canary: 0 })
  })

  it('refuses weights that are none, and keeps those before', async () => {
    const split = createSplit({ arms: { stable: 95, canary: 5 } })
    const bad: [unknown, string][] = [
      [{ stable: 95, canary: 6 }, ''],
      [{ stable: 105, canary: -5 }, '/stable'],
      [{ stable: 95, canary: Number.NaN }, '/canary'],
      [{ stable: 95, canary: '5' }, '/canary'],
      [{ stable: 95, 'can/ary': 5 }, '/can~1ary'],
      [null, ''],
      [[95, 5], ''],
    ]
    for (const [weights, pointer] of bad) {
      await expect(split.apply(weights as never), pointer).rejects.toMatchObject({
        code: 'invalid_split',
        pointer,
        expected: expect.any(String),
        found: expect.any(String),
      })
    }
    expect(split.weights).toEqual({ stable: 95, canary: 5 })
    for (const arms of [{}, { 1: 50, stable: 50 }, { stable: 99 }])
      expect(() => createSplit({ arms: arms as never })).toThrow(/The split is refused/)
  })
})

describe('a change of weights', () => {
  it('moves exactly the difference between two arms, and only towards the arm that grows', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (before, after) => {
        const split = createSplit({ arms: { stable: 100 - before, canary: before } })
        const old = keys.map((key) => split.pick(key))
        split.set({ stable: 100 - after, canary: after })
        const moved = keys.filter((key, index) => split.pick(key) !== old[index])
        const grown = after > before ? 'canary' : 'stable'
        expect(moved.every((key) => split.pick(key) === grown)).toBe(true)
        expect(Math.abs(moved.length / keys.length - Math.abs(after - before) / 100)).toBeLessThan(
          noise,
        )
      }),
      { numRuns: 50 },
    )
  })

  it('moves exactly the minimum between three arms unless the later two trade', () => {
    fc.assert(
      fc.property(threeWeights(), threeWeights(), (before, after) => {
        const { moved, least } = movement(before, after)
        const trade = (after.b! - before.b!) * (after.c! - before.c!) < 0
        expect(moved).toBeGreaterThan(least - noise)
        expect(moved).toBeLessThan((trade ? 2 * least : least) + noise)
      }),
      { numRuns: 100 },
    )
  })

  it('moves at most 2 D / (1 + D) of the keys between more arms', () => {
    fc.assert(
      fc.property(fourWeights(), fourWeights(), (before, after) => {
        const { moved, least } = movement(before, after)
        expect(moved).toBeGreaterThan(least - noise)
        expect(moved).toBeLessThan((2 * least) / (1 + least) + noise)
      }),
      { numRuns: 50 },
    )
  })

  it('and back gives everyone their arm again, whatever lay between', () => {
    for (const arms of [
      { stable: 95, canary: 5 },
      { stable: 50, b: 30, c: 20 },
      { a: 25, b: 25, c: 25, d: 25 },
    ] as Record<string, number>[]) {
      const names = Object.keys(arms)
      const split = createSplit({ arms })
      const before = keys.map((key) => split.pick(key))
      for (const name of names) split.set({ [name]: 100 })
      split.set(arms)
      expect(keys.map((key) => split.pick(key))).toEqual(before)
    }
  })
})

function threeWeights() {
  return fc.tuple(fc.nat(100), fc.nat(100)).map((cuts): Record<string, number> => {
    const [low = 0, high = 0] = [...cuts].sort((a, b) => a - b)
    return { a: low, b: high - low, c: 100 - high }
  })
}

function fourWeights() {
  return fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)).map((cuts): Record<string, number> => {
    const [low = 0, middle = 0, high = 0] = [...cuts].sort((a, b) => a - b)
    return { a: low, b: middle - low, c: high - middle, d: 100 - high }
  })
}
