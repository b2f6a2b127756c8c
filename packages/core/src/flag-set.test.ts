import { describe, expect, it } from 'vitest'
import type { Answer } from './answer.ts'
import type { FlagDefinition, FlagDefinitions } from './definition.ts'
import { createFlagSet as createBareFlagSet } from './flag-set.ts'
import { createFlagSet } from './node-flag-set.ts'

const production = { environment: 'production' } as const
const on: FlagDefinition = { enabled: true, rollout: 100, environments: ['production'] }

function answerOf(definition: FlagDefinition, context: object | string = 'ada') {
  return createFlagSet({ flag: definition }, production).evaluate('flag', context)
}

describe('a flag', () => {
  it.each<[string, FlagDefinition]>([
    ['is new', {}],
    ['is not enabled', { rollout: 100, environments: ['production'] }],
    ['lists no environment', { enabled: true, rollout: 100 }],
    ['lists other environments', { ...on, environments: ['staging'] }],
    ['is disabled in this one', { ...on, environments: { production: { enabled: false } } }],
  ])('is off where it %s', (_name, definition) => {
    expect(answerOf(definition)).toEqual({
      flagKey: 'flag',
      value: false,
      variant: 'off',
      reason: 'DISABLED',
      flagRevision: 0,
    })
  })

  it('serves nobody while it has no rollout', () => {
    expect(answerOf({ enabled: true, environments: ['production'] })).toMatchObject({
      value: false,
      reason: 'STATIC',
    })
  })

  it('serves everybody at 100 percent, with or without a key', () => {
    expect(answerOf(on, {})).toEqual({
      flagKey: 'flag',
      value: true,
      variant: 'on',
      reason: 'STATIC',
      flagRevision: 0,
    })
  })

  it('needs a key for a partial rollout, and is off without', () => {
    expect(answerOf({ ...on, rollout: 50 }, { country: 'FR' })).toMatchObject({
      value: false,
      reason: 'ERROR',
      errorCode: 'TARGETING_KEY_MISSING',
    })
  })

  it('lets an environment replace settings one by one', () => {
    const definition = {
      ...on,
      environments: { staging: {}, production: { rollout: 0 } },
    }
    expect(createFlagSet({ flag: definition }, production).isEnabled('flag', 'ada')).toBe(false)
    expect(
      createFlagSet({ flag: definition }, { environment: 'staging' }).isEnabled('flag', 'ada'),
    ).toBe(true)
  })

  it('buckets by another attribute where it says so', () => {
    const byTeam = { ...on, rollout: 50, bucketBy: 'team' }
    const users = Array.from({ length: 50 }, (_, i) => ({ id: i, team: 'blue' }))
    const set = createFlagSet({ flag: byTeam }, production)
    expect(new Set(users.map((user) => set.isEnabled('flag', user))).size).toBe(1)
    expect(answerOf(byTeam, 'ada').errorCode).toBe('TARGETING_KEY_MISSING')
  })
})

describe('rules', () => {
  const rules: FlagDefinition = {
    ...on,
    rollout: 0,
    rules: [
      { id: 'blocked', if: { attribute: 'country', is: 'XX' }, serve: 'off' },
      { if: { attribute: 'plan', in: ['pro', 'team'] } },
      { id: 'nobody', if: { attribute: 'beta', is: true }, rollout: 0, otherwise: 'next' },
      { id: 'beta', if: { attribute: 'beta', is: true } },
    ],
  }

  it.each([
    [
      'the first that matches',
      { country: 'XX', plan: 'pro' },
      { value: false, rule: 'blocked', reason: 'TARGETING_MATCH' },
    ],
    [
      'its position where it has no id',
      { plan: 'team' },
      { value: true, rule: '1', reason: 'TARGETING_MATCH' },
    ],
    [
      'the next where otherwise says so',
      { beta: true },
      { value: true, rule: 'beta', reason: 'TARGETING_MATCH' },
    ],
    ['none', { plan: 'free' }, { value: false, reason: 'DEFAULT' }],
  ])('decide by %s', (_name, context, expected) => {
    expect(answerOf(rules, context)).toMatchObject(expected)
  })

  it('turn subjects outside their rollout off, unless they say next', () => {
    const rule = { if: { attribute: 'plan', is: 'pro' }, rollout: 0 } as const
    expect(answerOf({ ...on, rules: [rule] }, { plan: 'pro' }).value).toBe(false)
    expect(
      answerOf({ ...on, rules: [{ ...rule, otherwise: 'next' }] }, { plan: 'pro' }).value,
    ).toBe(true)
  })

  it('give the same answers through the index as one by one', () => {
    const plans = Array.from({ length: 10 }, (_, i) => `plan-${i}`)
    const indexed = {
      ...on,
      rollout: 0,
      rules: plans.map((plan) => ({ id: plan, if: { attribute: 'plan', is: plan } })),
    }
    const plain = {
      ...indexed,
      rules: indexed.rules.map((rule) => ({ ...rule, if: { all: [rule.if] } })),
    }
    for (const plan of [...plans, 'none', undefined, 5, ['plan-7', 'plan-3'], [], {}]) {
      expect(answerOf(indexed, { plan })).toEqual(answerOf(plain, { plan }))
    }
  })
})

describe('prerequisites', () => {
  const flags: FlagDefinitions = {
    base: { ...on, rules: [{ if: { attribute: 'blocked', is: true }, serve: 'off' }] },
    theme: { ...on, variants: { dark: 'd', light: 'l' }, serve: 'dark' },
    needsBase: { ...on, prerequisites: ['base'] },
    needsDark: { ...on, prerequisites: ['needsBase', { flag: 'theme', variants: ['dark'] }] },
  }
  const set = createFlagSet(flags, production)

  it('must hold for the same context', () => {
    expect(set.isEnabled('needsDark', { id: 1 })).toBe(true)
    expect(set.evaluate('needsDark', { id: 1, blocked: true }).reason).toBe('DISABLED')
  })

  it('follow a change of the flag they name', () => {
    const moved = set.with({ exposures: { theme: { enabled: false } } })
    expect(moved.isEnabled('needsDark', { id: 1 })).toBe(false)
    expect(set.isEnabled('needsDark', { id: 1 })).toBe(true)
  })
})

describe('segments', () => {
  const set = createFlagSet(
    { flag: { ...on, rollout: 0, rules: [{ if: { segment: 'beta' } }] } },
    {
      ...production,
      segments: {
        beta: { any: [{ segment: 'staff' }, { attribute: 'beta', is: true }] },
        staff: { attribute: 'email', endsWith: '@example.com' },
      },
    },
  )

  it('are conditions with a name, also of each other', () => {
    expect(set.isEnabled('flag', { email: 'ada@example.com' })).toBe(true)
    expect(set.isEnabled('flag', { email: 'ada@elsewhere.com' })).toBe(false)
  })

  it('can change under the flags that use them', () => {
    const moved = set.with({ segments: { staff: { attribute: 'staff', is: true } } })
    expect(moved.isEnabled('flag', { email: 'ada@example.com' })).toBe(false)
    expect(moved.isEnabled('flag', { staff: true })).toBe(true)
  })
})

describe('schedules', () => {
  const set = createFlagSet(
    {
      flag: { ...on, schedule: { from: '2026-01-01', fullAt: '2026-01-11', until: '2026-02-01' } },
    },
    { ...production, clock: () => Date.parse('2026-01-20') },
  )
  const share = (at: string) => {
    const now = Date.parse(at)
    return (
      Array.from({ length: 1000 }, (_, i) => set.evaluate('flag', `u${i}`, { now })).filter(
        ({ value }) => value,
      ).length / 1000
    )
  }

  it('ramp the rollout and end the flag', () => {
    expect(['2025-12-31', '2026-01-01', '2026-01-11', '2026-02-01'].map(share)).toEqual([
      0, 0, 1, 0,
    ])
    expect(share('2026-01-06')).toBeCloseTo(0.5, 1)
  })

  it('read the clock where no instant is given', () => {
    expect(set.isEnabled('flag', 'ada')).toBe(true)
    // Plain JavaScript's way to say so.
    expect(set.evaluate('flag', 'ada', { now: null as never }).value).toBe(true)
  })
})

describe('exposures', () => {
  it('are laid over the definition', () => {
    const set = createFlagSet({ flag: on }, { ...production, exposures: { flag: { rollout: 0 } } })
    expect(set.isEnabled('flag', 'ada')).toBe(false)
    expect(set.with({ exposures: { flag: null } }).isEnabled('flag', 'ada')).toBe(true)
  })

  it('open a flag where its definition lists no environment', () => {
    const set = createFlagSet(
      { flag: {} },
      { ...production, exposures: { flag: { enabled: true, rollout: 100 } } },
    )
    expect(set.isEnabled('flag', 'ada')).toBe(true)
  })

  it('wait for a flag that is not defined yet', () => {
    const set = createFlagSet({}, { ...production, exposures: { flag: { rollout: 0 } } })
    expect(set.with({ flags: { flag: on } }).isEnabled('flag' as never, 'ada')).toBe(false)
  })

  it('with a split of variants that are gone are passed over', () => {
    const variants = { a: 1, b: 2 }
    const set = createBareFlagSet(
      { flag: { ...on, variants, split: { a: 100, b: 0 } } },
      { ...production, exposures: { flag: { split: { gone: 100 } } } },
    )
    expect(set.evaluate('flag', 'ada').variant).toBe('a')
  })

  it('mark the answers of the flags they change, and no others, with the revision', () => {
    const set = createFlagSet({ a: on, b: on }, production).with({
      exposures: { a: { rollout: 50 } },
      revision: 7,
    })
    expect([set.evaluate('a', 'ada').flagRevision, set.evaluate('b', 'ada').flagRevision]).toEqual([
      7, 0,
    ])
    expect(set.revision).toBe(7)
  })
})

describe('typed getters', () => {
  const set = createFlagSet(
    {
      text: { ...on, variants: { on: 'blue', off: 'red' } },
      number: { ...on, variants: { on: 3 } },
      object: { ...on, variants: { on: { a: 1 } } },
      nothing: { ...on, rollout: 0, variants: { a: 'x', b: 'y' }, serve: 'a' },
    },
    production,
  )

  it('give the value of their type', () => {
    expect(set.string('text', 'ada', 'x')).toBe('blue')
    expect(set.number('number', 'ada', 0)).toBe(3)
    expect(set.object('object', 'ada', {})).toEqual({ a: 1 })
  })

  it('give the fallback for another type, for nothing to serve and for no flag', () => {
    expect(set.boolean('text', 'ada', true)).toBe(true)
    expect(set.number('text', 'ada', 9)).toBe(9)
    expect(set.string('nothing', 'ada', 'x')).toBe('x')
    expect(set.string('missing' as never, 'ada', 'x')).toBe('x')
    expect(set.evaluate('missing' as never).errorCode).toBe('FLAG_NOT_FOUND')
  })

  it('are all given at once, each with its key', () => {
    expect(valuesOf(set.evaluateAll('ada'))).toEqual({ text: 'blue', number: 3, object: { a: 1 } })
    expect(set.evaluateAll('ada')).toContainEqual(set.evaluate('nothing', 'ada'))
  })

  it('are given at once for the flags a change left, and for those it brought', () => {
    const set = createFlagSet({ a: on, b: on } as FlagDefinitions, production)
    expect(set.evaluateAll('ada')).toHaveLength(2)
    const next = set.with({ flags: { a: null, c: on } })
    expect(valuesOf(next.evaluateAll('ada'))).toEqual({ b: true, c: true })
    expect(valuesOf(set.evaluateAll('ada'))).toEqual({ a: true, b: true })
  })
})

describe('with', () => {
  it('leaves the set it came from as it was, and removes on null', () => {
    const set = createFlagSet({ a: on, b: on } as FlagDefinitions, production)
    const next = set.with({ flags: { a: null, c: on }, origin: 'log' })
    expect([set.keys(), next.keys()]).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ])
    expect(next.inspect('c')?.origin).toBe('log')
  })
})

describe('the bare evaluator', () => {
  it('refuses, when it is loaded, a definition whose engine is absent', () => {
    const definition = { ...on, rules: [{ if: { attribute: 'version', semver: '>=1' } }] }
    expect(() => createBareFlagSet({ flag: definition }, production)).toThrowError(
      expect.objectContaining({ code: 'engine_missing' }),
    )
    const set = createBareFlagSet({}, production)
    expect(() => set.with({ flags: { flag: definition } })).toThrowError(/semver/)
  })

  it('answers every question with frozen answers', () => {
    const set = createBareFlagSet({ flag: { ...on, rollout: 50 } }, production)
    for (const user of ['a', 'b', 'c', {}])
      expect(Object.isFrozen(set.evaluate('flag', user))).toBe(true)
  })
})

function valuesOf(answers: readonly Answer[]) {
  return Object.fromEntries(answers.map(({ flagKey, value }) => [flagKey, value]))
}
