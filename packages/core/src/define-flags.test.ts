import { describe, expect, expectTypeOf, it } from 'vitest'
import { defineFlags } from './define-flags.ts'
import type { FlagDefinition, FlagDefinitions } from './definition.ts'

const user = { id: 'ada' }

describe('defineFlags', () => {
  it('asks and reads the flags it was given', () => {
    const featureFlags = defineFlags(
      { newUserProfile: { enabled: true, rollout: 25, environments: ['staging', 'production'] } },
      { environment: 'production' },
    )
    const share = Array.from({ length: 10_000 }, (_, id) =>
      featureFlags.isEnabled('newUserProfile', { id }),
    ).filter(Boolean).length
    expect(share / 10_000).toBeCloseTo(0.25, 1)
    expect(featureFlags.newUserProfile.rollout).toBe(25)
    expect(Object.keys(featureFlags)).toEqual(['newUserProfile'])
    expect(Object.isFrozen(featureFlags.newUserProfile)).toBe(true)
  })

  it('does not compile with a misspelt key or an unknown property', () => {
    const flags = defineFlags({ checkout: {} })
    // @ts-expect-error there is no such flag
    expect(flags.isEnabled('chekout', user)).toBe(false)
    // @ts-expect-error there is no such property
    expect(() => defineFlags({ checkout: { rolout: 5 } })).toThrowError(/did you mean "rollout"/)
    // @ts-expect-error a rollout is a number
    expect(() => defineFlags({ checkout: { rollout: '5' } })).toThrowError(/must be number/)
  })

  it('does not compile with an unknown property at any depth', () => {
    const schedule = { from: 5 } as const
    const attempts = [
      // @ts-expect-error in a rule
      () => defineFlags({ f: { rules: [{ if: { attribute: 'a', is: 1 }, rolout: 5 }] } }),
      // @ts-expect-error in a condition
      () => defineFlags({ f: { rules: [{ if: { all: [{ attribute: 'a', is: 1, iz: 2 }] } }] } }),
      // @ts-expect-error in an environment
      () => defineFlags({ f: { environments: { production: { rollout: 1, rolout: 5 } } } }),
      // @ts-expect-error in a schedule
      () => defineFlags({ f: { schedule: { ...schedule, untill: 7 } } }),
      // @ts-expect-error in a prerequisite
      () => defineFlags({ f: { prerequisites: [{ flag: 'g', variants: ['on'], x: 1 }] }, g: {} }),
    ]
    for (const attempt of attempts) expect(attempt).toThrowError(/is not known/)
  })

  it('takes definitions that were declared elsewhere', () => {
    const rules = [{ if: { attribute: 'plan', in: ['pro'] } }] as const
    const fixed = { checkout: { enabled: true, environments: ['development'], rules } } as const
    expect(defineFlags(fixed).isEnabled('checkout', { plan: 'pro' })).toBe(true)
    const loose = { checkout: { enabled: true, environments: ['development'], rollout: 100 } }
    expect(defineFlags(loose).isEnabled('checkout', user)).toBe(true)
    const typed: FlagDefinitions = loose
    expect(defineFlags(typed).isEnabled('checkout', user)).toBe(true)
    const one: FlagDefinition = { variants: { on: { any: [1] }, off: {} } }
    expect(defineFlags({ one }).object('one', user, {})).toEqual({})
  })

  it('knows the type of each answer', () => {
    const flags = defineFlags({
      plain: {},
      colour: { variants: { on: 'blue', off: 'red' } },
      size: { variants: { on: 1, off: 2 } },
    })
    expectTypeOf(flags.evaluate('plain', user).value).toEqualTypeOf<boolean | undefined>()
    expectTypeOf(flags.evaluate('colour', user).value).toEqualTypeOf<string | undefined>()
    expectTypeOf(flags.evaluate('size', user).value).toEqualTypeOf<number | undefined>()
  })

  it('refuses a flag named like a method', () => {
    expect(() => defineFlags({ isEnabled: {} })).toThrowError(
      expect.objectContaining({ code: 'reserved_key' }),
    )
  })

  it('explains an answer from the definition to the bucket', () => {
    const flags = defineFlags({
      checkout: { enabled: true, rollout: 50, environments: ['development'] },
    })
    const { answer, origin, steps } = flags.explain('checkout', user)
    expect(origin).toBe('code')
    expect(answer).toEqual(flags.evaluate('checkout', user))
    expect(steps.map(({ step }) => step)).toContain('rollout')
    expect(steps.find(({ bucketing }) => bucketing)?.bucketing).toMatchObject({
      input: 'checkout:ada',
      limit: 2 ** 29,
    })
  })
})
