import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyVariant, testFlags } from '../testing.ts'
import { pairwise } from './combinations.ts'

const definitions = {
  profile: {},
  theme: { variants: { dark: '#000', light: '#fff', auto: '' } },
  menu: {},
} as const

const switches = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`f${index}`, {}]))

describe('everyVariant', () => {
  it('runs a test once for each combination of the flags that are named', async () => {
    const seen: unknown[] = []
    const combinations = await everyVariant(
      definitions,
      ['profile', 'theme'],
      async (flags, combination) => {
        await Promise.resolve()
        const [profile, menu] = [flags.isEnabled('profile'), flags.isEnabled('menu')]
        expect(combination.profile).toBe(profile)
        seen.push([profile, flags.evaluate('theme').variant, menu])
      },
    )
    expect(seen).toEqual([
      ...[true, false].flatMap((on) => ['dark', 'light', 'auto'].map((each) => [on, each, false])),
    ])
    expect(combinations).toHaveLength(6)
    expect(combinations[1]).toEqual({ profile: true, theme: 'light' })
  })

  it('varies all flags where none is named, and leaves them as they were', async () => {
    const flags = testFlags(definitions, { menu: true, theme: 'auto' })
    let runs = 0
    await everyVariant(flags, (given) => {
      runs += 1
      expect(given).toBe(flags)
    })
    expect(runs).toBe(12)
    await everyVariant(flags, ['profile'], () => expect(flags.isEnabled('menu')).toBe(true))
    expect(flags.all('ada')).toEqual({ profile: false, menu: true, theme: '' })
  })

  it('runs few of many combinations, in which any two variants meet', async () => {
    const combinations = await everyVariant(switches, () => {})
    expect(combinations.length).toBeLessThanOrEqual(12)
    for (const one of Object.keys(switches)) {
      for (const other of Object.keys(switches).filter((key) => key !== one)) {
        const met = combinations.map((each) => `${each[one]} ${each[other]}`)
        expect(new Set(met).size, `${one} ${other}`).toBe(4)
      }
    }
    const all = await everyVariant(definitions, () => {}, { pairwiseAbove: 12 })
    expect(all).toHaveLength(12)
    const some = await everyVariant(definitions, () => {}, { pairwiseAbove: 11 })
    expect(some.length).toBeLessThan(12)
    expect(await everyVariant(definitions, ['theme'], () => {}, { pairwiseAbove: 0 })).toHaveLength(
      3,
    )
  })

  it('runs all, and then says which failed, how, and what they share', async () => {
    let runs = 0
    const failing = everyVariant(definitions, ['profile', 'theme'], (flags) => {
      runs += 1
      if (flags.string('theme', null, '') === '#fff') throw new TypeError(`run ${runs}`)
    })
    await expect(failing).rejects.toMatchObject({
      code: 'combination_failed',
      message:
        '2 of 6 combinations failed, each with theme=light:\n  profile=true theme=light: run 2\n  profile=false theme=light: run 5',
      cause: { name: 'TypeError', message: 'run 2' },
    })
    expect(runs).toBe(6)
  })

  it('does not name as shared what everything shares', async () => {
    const flags = { profile: {}, menu: {}, only: { variants: { one: 1 } } }
    const failing = everyVariant(flags, (_, { profile }) => {
      if (profile) throw new Error('mine')
    })
    await expect(failing).rejects.toMatchObject({
      message: expect.stringMatching(/^2 of 4 combinations failed, each with profile=true:\n/),
    })
  })

  it('names a single failure, and no more than ten of many', async () => {
    const one = everyVariant(definitions, (_, { profile, theme, menu }) => {
      if (profile && theme === 'auto' && !menu) throw 'no error'
    })
    await expect(one).rejects.toMatchObject({
      message: '1 of 12 combinations failed:\n  profile=true theme=auto menu=false: no error',
    })
    const all = everyVariant(definitions, () => Promise.reject(new Error('always')))
    await expect(all).rejects.toMatchObject({
      message: expect.stringMatching(
        /^12 of 12 combinations failed:\n(.*always\n){10} {2}and 2 more$/,
      ),
    })
  })

  it('varies a flag once that is named twice', async () => {
    expect(await everyVariant(definitions, ['theme', 'theme'], () => {})).toHaveLength(3)
  })

  it('refuses a flag that is not there', async () => {
    // @ts-expect-error
    await expect(everyVariant(definitions, ['tehme'], () => {})).rejects.toMatchObject({
      code: 'flag_not_found',
      message: 'there is no flag "tehme" to vary: did you mean "theme"?',
    })
  })
})

describe('pairwise', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 9 })

  it('holds every pair of choices, within the choices there are', () => {
    fc.assert(
      fc.property(sizes, (each) => {
        const rows = pairwise(each)
        for (const row of rows) {
          expect(row).toHaveLength(each.length)
          expect(row.every((choice, index) => choice >= 0 && choice < each[index]!)).toBe(true)
        }
        for (const [one, size] of each.entries()) {
          for (let other = one + 1; other < each.length; other += 1) {
            const met = new Set(rows.map((row) => `${row[one]} ${row[other]}`))
            expect(met.size).toBe(size * each[other]!)
          }
        }
      }),
    )
  })

  it('is found for a thousand switches too', () => {
    const rows = pairwise(Array.from({ length: 1_000 }, () => 2))
    expect(rows.length).toBeLessThan(30)
    expect(new Set(rows.map((row) => `${row[0]} ${row[999]}`)).size).toBe(4)
  })

  it('is never longer than all combinations, nor than each pair by itself', () => {
    fc.assert(
      fc.property(sizes, (each) => {
        const { length } = pairwise(each)
        expect(length).toBeLessThanOrEqual(each.reduce((product, size) => product * size, 1))
        const [first = 1, second = 1] = [...each].sort((one, other) => other - one)
        expect(length).toBeGreaterThanOrEqual(first * second)
      }),
    )
  })
})
