import { bucketLimit, bucketOf, type FlagDefinition } from '@sluice/core'
import { createFlagSet } from '@sluice/core/node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  context,
  definitions,
  environmentNames,
  exposure,
  segments,
} from './arbitraries/definitions.ts'

const isLong = process.env.SLUICE_LONG !== undefined

const environment = fc.constantFrom(...environmentNames)
const now = fc.oneof(
  fc.integer({ min: Date.parse('2024-01-01'), max: Date.parse('2030-01-01') }),
  fc.constantFrom(Number.NaN, 0, Number.POSITIVE_INFINITY),
)

describe('what a flag means', () => {
  it('is the same compiled and explained', () => {
    fc.assert(
      fc.property(
        definitions,
        segments,
        environment,
        fc.array(context, { maxLength: 5 }),
        now,
        fc.dictionary(fc.constantFrom('f0', 'f1', 'f2'), exposure, { noNullPrototype: true }),
        (flags, named, name, contexts, at, exposures) => {
          const set = createFlagSet(flags, { environment: name, segments: named, exposures })
          for (const each of contexts) {
            for (const key of set.keys()) {
              const answer = set.evaluate(key, each, { now: at })
              expect(set.explain(key, each, { now: at }).answer).toEqual(answer)
            }
          }
        },
      ),
      { numRuns: isLong ? 20_000 : 600 },
    )
  })

  it('is the same asked for all flags at once', () => {
    fc.assert(
      fc.property(
        definitions,
        segments,
        environment,
        context,
        now,
        (flags, named, name, who, at) => {
          const set = createFlagSet(flags, { environment: name, segments: named })
          const answers = set.evaluateAll(who, { now: at })
          expect(answers.map(({ flagKey }) => flagKey).sort()).toEqual(set.keys().sort())
          for (const answer of answers) {
            expect(answer).toBe(set.evaluate(answer.flagKey, who, { now: at }))
          }
        },
      ),
      { numRuns: isLong ? 5000 : 200 },
    )
  })

  it('does not depend on what was asked before, nor on the process that asks', () => {
    fc.assert(
      fc.property(definitions, segments, environment, context, (flags, named, name, who) => {
        const set = createFlagSet(flags, { environment: name, segments: named })
        const first = set.evaluate('f2', who, { now: 0 })
        for (const key of set.keys()) set.evaluate(key, { targetingKey: 'other' }, { now: 1 })
        expect(set.evaluate('f2', who, { now: 0 })).toEqual(first)
        const elsewhere = createFlagSet(JSON.parse(JSON.stringify(flags)), {
          environment: name,
          segments: named,
        })
        expect(elsewhere.evaluate('f2', who, { now: 0 })).toEqual(first)
      }),
      { numRuns: isLong ? 5000 : 150 },
    )
  })
})

const users = Array.from({ length: 20_000 }, (_, i) => `user-${i}`)

function inside(definition: FlagDefinition, exposedPercent?: number): Set<string> {
  const set = createFlagSet(
    { flag: { enabled: true, environments: ['production'], ...definition } },
    {
      environment: 'production',
      ...(exposedPercent === undefined ? {} : { exposures: { flag: { rollout: exposedPercent } } }),
    },
  )
  return new Set(users.filter((user) => set.isEnabled('flag', user)))
}

describe('nobody flips twice', () => {
  it('adds users only when a percentage rises, and gives the same ones back when it returns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 2, maxLength: 8 }),
        fc.string({ minLength: 1 }),
        fc.array(fc.string({ minLength: 1 }), { minLength: 50, maxLength: 50 }),
        (percents, salt, keys) => {
          const rising = [...percents].sort((a, b) => a - b)
          let before: string[] = []
          for (const percent of rising) {
            const now = keys.filter((key) => bucketOf(salt, key) < bucketLimit(percent))
            expect(before.every((key) => now.includes(key))).toBe(true)
            before = now
          }
        },
      ),
    )
    const ramp = [5, 25, 50, 100]
    const steps = ramp.map((percent) => inside({ rollout: 0 }, percent))
    for (const [index, smaller] of steps.slice(0, -1).entries()) {
      expect([...smaller].every((user) => steps[index + 1]?.has(user))).toBe(true)
    }
    expect(inside({ rollout: 0 }, 25)).toEqual(steps[1])
  })

  it('serves the share that was asked', () => {
    for (const percent of [1, 5, 25, 50, 99]) {
      const deviation = Math.sqrt((percent / 100) * (1 - percent / 100) * users.length)
      const expected = (percent / 100) * users.length
      expect(Math.abs(inside({ rollout: percent }).size - expected)).toBeLessThan(4 * deviation)
    }
  })

  it('moves only the difference when neighbours in a split trade weight', () => {
    const variants = { a: 'a', b: 'b', c: 'c' }
    const base = { enabled: true, environments: ['production'], variants }
    const serve = (split: Record<string, number>) => {
      const set = createFlagSet({ flag: { ...base, split } }, { environment: 'production' })
      return users.map((user) => set.string('flag', user, 'none'))
    }
    const before = serve({ a: 30, b: 30, c: 40 })
    const after = serve({ a: 30, b: 40, c: 30 })
    const moved = before.flatMap((variant, i) =>
      variant === after[i] ? [] : [`${variant}${after[i]}`],
    )
    expect(new Set(moved)).toEqual(new Set(['cb']))
    expect(moved.length / users.length).toBeCloseTo(0.1, 2)
  })
})

describe('two flags', () => {
  it('reach independent users', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 2 }),
        ([a = '', b = '']) => {
          // Chi-square with one degree of freedom over 20,000 users: beyond 24 once in a million.
          const limit = bucketLimit(30)
          const cells = [0, 0, 0, 0]
          for (const user of users) {
            const cell = (bucketOf(a, user) < limit ? 1 : 0) + (bucketOf(b, user) < limit ? 2 : 0)
            cells[cell] = (cells[cell] as number) + 1
          }
          const [none = 0, onlyA = 0, onlyB = 0, both = 0] = cells
          const n = users.length
          const rows = [(none + onlyA) as number, onlyB + both]
          const columns = [none + onlyB, onlyA + both]
          const expected = rows.flatMap((row) => columns.map((column) => (row * column) / n))
          const chiSquare = [none, onlyA, onlyB, both].reduce(
            (sum, count, i) =>
              sum + (count - (expected[i] as number)) ** 2 / (expected[i] as number),
            0,
          )
          expect(chiSquare).toBeLessThan(24)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('reach the same users where they share a salt', () => {
    expect(inside({ rollout: 20, salt: 'shared' })).toEqual(inside({ rollout: 20, salt: 'shared' }))
    const wide = inside({ rollout: 40, salt: 'shared' })
    expect([...inside({ rollout: 20, salt: 'shared' })].every((user) => wide.has(user))).toBe(true)
  })

  it('gate and split independently of each other', () => {
    const set = createFlagSet(
      {
        flag: {
          enabled: true,
          environments: ['production'],
          variants: { a: 'a', b: 'b' },
          rollout: 50,
          split: { a: 50, b: 50 },
        },
      },
      { environment: 'production' },
    )
    const served = users.map((user) => set.string('flag', user, 'none'))
    for (const [variant, share] of [
      ['a', 0.25],
      ['b', 0.25],
      ['none', 0.5],
    ] as const) {
      expect(served.filter((each) => each === variant).length / users.length).toBeCloseTo(share, 1)
    }
  })
})
