import { describe, expect, it } from 'vitest'
import { isSluiceError, type SluiceError } from './errors.ts'
import { createFlagSet } from './node-flag-set.ts'
import { parseDefinitions, parseDocument, parseExposure } from './parse-definitions.ts'

function refusal(act: () => unknown): SluiceError {
  try {
    act()
  } catch (error) {
    if (isSluiceError(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}

const rule = (condition: unknown) => ({ flag: { rules: [{ if: condition }] } })
const deep = (levels: number): unknown =>
  levels === 0 ? { attribute: 'a', is: 1 } : { not: deep(levels - 1) }
const circular: Record<string, unknown> = {}
circular.not = circular

describe('parseDefinitions refuses', () => {
  it.each<[string, unknown, string, string]>([
    ['a list', [], 'invalid_type', ''],
    ['a key that JavaScript reserves', JSON.parse('{"__proto__":{}}'), 'invalid_key', '/__proto__'],
    ['a key with NUL', { 'a\u0000b': {} }, 'invalid_key', '/a\u0000b'],
    ['a key with a lone surrogate', { 'a\ud800': {} }, 'invalid_key', '/a\ud800'],
    ['an empty key', { '': {} }, 'invalid_key', '/'],
    ['a very long key', { ['k'.repeat(201)]: {} }, 'invalid_key', `/${'k'.repeat(201)}`],
    ['a rollout of 101', { flag: { rollout: 101 } }, 'out_of_range', '/flag/rollout'],
    ['a rollout of -1', { flag: { rollout: -1 } }, 'out_of_range', '/flag/rollout'],
    ['a rollout of NaN', { flag: { rollout: Number.NaN } }, 'invalid_type', '/flag/rollout'],
    ['a rollout of "50"', { flag: { rollout: '50' } }, 'invalid_type', '/flag/rollout'],
    [
      'weights that do not sum to 100',
      { flag: { split: { on: 50, off: 49 } } },
      'invalid_value',
      '/flag/split',
    ],
    [
      'metadata that is no scalar',
      { flag: { metadata: { ticket: ['A-1'] } } },
      'invalid_type',
      '/flag/metadata/ticket',
    ],
    ['an unknown property', { flag: { rolout: 5 } }, 'unknown_property', '/flag/rolout'],
    [
      'an unknown property of an environment',
      { flag: { environments: { production: { enable: true } } } },
      'unknown_property',
      '/flag/environments/production/enable',
    ],
    [
      'an environment by its short name',
      { flag: { environments: ['prod'] } },
      'invalid_environment',
      '/flag/environments',
    ],
    [
      'an unknown operator',
      rule({ attribute: 'a', containz: 'b' }),
      'unknown_property',
      '/flag/rules/0/if/containz',
    ],
    [
      'an operator without attribute',
      rule({ segment: 's', is: 1 }),
      'invalid_value',
      '/flag/rules/0/if',
    ],
    [
      'an attribute without operator',
      rule({ attribute: 'a' }),
      'invalid_value',
      '/flag/rules/0/if',
    ],
    ['an empty condition', rule({}), 'invalid_value', '/flag/rules/0/if'],
    ['a missing segment', rule({ segment: 'none' }), 'missing_segment', '/flag/rules/0/if/segment'],
    ['a missing variant', { flag: { serve: 'blue' } }, 'missing_variant', '/flag/serve'],
    [
      'a missing variant in a split',
      { flag: { split: { on: 50, blue: 50 } } },
      'missing_variant',
      '/flag/split/blue',
    ],
    [
      'nothing to serve',
      { flag: { rollout: 5, variants: { a: 1 } } },
      'nothing_to_serve',
      '/flag/serve',
    ],
    [
      'a numeric variant name',
      { flag: { variants: { 1: 'a' } } },
      'invalid_key',
      '/flag/variants/1',
    ],
    [
      'variants of mixed types',
      { flag: { variants: { on: 1, off: 'x' } } },
      'mixed_types',
      '/flag/variants/off',
    ],
    [
      'a missing prerequisite',
      { flag: { prerequisites: ['none'] } },
      'missing_flag',
      '/flag/prerequisites/0',
    ],
    [
      'a prerequisite on a missing variant',
      { flag: { prerequisites: [{ flag: 'b', variants: ['x'] }] }, b: {} },
      'missing_variant',
      '/flag/prerequisites/0',
    ],
    [
      'a circle of prerequisites',
      { a: { prerequisites: ['b'] }, b: { prerequisites: ['a'] } },
      'cycle',
      '/a',
    ],
    [
      'a malformed regular expression',
      rule({ attribute: 'a', matches: '[' }),
      'invalid_value',
      '/flag/rules/0/if/matches',
    ],
    [
      'a very long regular expression',
      rule({ attribute: 'a', matches: 'a'.repeat(257) }),
      'out_of_range',
      '/flag/rules/0/if/matches',
    ],
    [
      'a backreference',
      rule({ attribute: 'a', matches: '(a)\\1' }),
      'invalid_value',
      '/flag/rules/0/if/matches',
    ],
    [
      'a malformed version range',
      rule({ attribute: 'a', semver: 'new' }),
      'invalid_value',
      '/flag/rules/0/if/semver',
    ],
    [
      'a malformed address block',
      rule({ attribute: 'a', cidr: '10.0.0.0/33' }),
      'invalid_value',
      '/flag/rules/0/if/cidr',
    ],
    [
      'a time without a zone',
      rule({ attribute: 'a', before: '2026-01-01T00:00' }),
      'invalid_value',
      '/flag/rules/0/if/before',
    ],
    [
      'a schedule that ends before it begins',
      { flag: { schedule: { from: 2, until: 1 } } },
      'invalid_value',
      '/flag/schedule',
    ],
    [
      'a ramp without a beginning',
      { flag: { schedule: { fullAt: 1 } } },
      'invalid_value',
      '/flag/schedule',
    ],
    ['65 levels', rule(deep(65)), 'too_deep', '/flag'],
    ['a circular condition', rule(circular), 'too_deep', '/flag'],
    ['a function', { flag: () => true }, 'invalid_type', '/flag'],
    ['a BigInt', { flag: { rollout: 5n } }, 'invalid_type', '/flag/rollout'],
  ])('%s', (_name, input, code, pointer) => {
    const error = refusal(() => parseDefinitions(input))
    expect([error.code, error.pointer]).toEqual([code, pointer])
    expect(error.expected).toBeTruthy()
    expect(error.found).toBeTruthy()
  })

  it('naming the flag and the nearest known name', () => {
    const error = refusal(() => parseDefinitions({ checkout: { rolout: 5 } }))
    expect(error.flag).toBe('checkout')
    expect(error.message).toBe(
      'flag "checkout": /checkout/rolout is not known (did you mean "rollout"?), found rolout',
    )
  })

  it('prerequisites deeper than 64, and ones that fan out into too many steps', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [
        `f${i}`,
        i === 0 ? {} : { prerequisites: [`f${i - 1}`] },
      ]),
    )
    expect(refusal(() => parseDefinitions(chain)).code).toBe('too_deep')
    const backwards = Object.fromEntries(Object.entries(chain).reverse())
    expect(refusal(() => parseDefinitions(backwards)).code).toBe('too_deep')
    const fan = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `f${i}`,
        i === 0 ? {} : { prerequisites: [`f${i - 1}`, `f${i - 1}`] },
      ]),
    )
    expect(refusal(() => parseDefinitions(fan)).code).toBe('too_costly')
  })
})

describe('parseDefinitions accepts', () => {
  it('every property there is', () => {
    const full = {
      description: 'd',
      owner: 'o',
      tags: ['t'],
      kind: 'release',
      metadata: { ticket: 'A-1', wave: 2, audited: true },
      createdAt: '2026-01-01',
      expiresAt: '2026-06-01T00:00:00Z',
      enabled: true,
      rollout: 12.5,
      serve: 'on',
      bucketBy: 'team',
      salt: 's',
      offVariant: 'off',
      variants: { on: { a: [null] }, off: {} },
      schedule: { from: 0, fullAt: 5, until: 10 },
      prerequisites: ['base', { flag: 'base', variants: ['off'] }],
      rules: [
        {
          id: 'r',
          if: { all: [{ any: [{ not: { attribute: '/a/b', exists: true } }] }] },
          rollout: 1,
          split: { on: 33.3, off: 66.7 },
          otherwise: 'next',
        },
      ],
      environments: {
        production: {
          enabled: true,
          rollout: 1,
          serve: 'on',
          split: { on: 100 },
          rules: [],
          schedule: {},
        },
      },
    }
    expect(parseDefinitions({ base: {}, full })).toEqual({ base: {}, full })
  })

  it('and copies, so that a later change of the input changes nothing', () => {
    const input = { flag: { enabled: true, rollout: 100, environments: ['production'] } }
    const set = createFlagSet(input, { environment: 'production' })
    input.flag.rollout = 0
    expect(set.isEnabled('flag', 'ada')).toBe(true)
  })
})

describe('parseDocument', () => {
  it('takes flags and segments of version 1', () => {
    const document = {
      version: 1,
      flags: { a: { rules: [{ if: { segment: 's' } }] } },
      segments: { s: { attribute: 'a', is: 1 } },
    }
    expect(parseDocument(document)).toEqual(document)
  })

  it.each<[string, unknown, string, string | undefined]>([
    ['another version', { version: 2, flags: {} }, 'unknown_version', '/version'],
    ['no version', { flags: {} }, 'unknown_version', '/version'],
    ['an unknown part', { version: 1, flagz: {} }, 'unknown_property', '/flagz'],
    [
      'a bad flag',
      { version: 1, flags: { a: { rollout: 'x' } } },
      'invalid_type',
      '/flags/a/rollout',
    ],
    [
      'a bad segment',
      { version: 1, segments: { a: { attribute: '' } } },
      'out_of_range',
      '/segments/a/attribute',
    ],
    [
      'a circle of segments',
      { version: 1, segments: { a: { segment: 'b' }, b: { segment: 'a' } } },
      'cycle',
      '/segments/a',
    ],
    ['text', 'flags', 'invalid_type', ''],
  ])('refuses %s', (_name, input, code, pointer) => {
    const error = refusal(() => parseDocument(input))
    expect([error.code, error.pointer]).toEqual([code, pointer])
  })
})

describe('parseExposure', () => {
  it('refuses a split of variants that the flag does not have', () => {
    expect(refusal(() => parseExposure('flag', { split: { blue: 100 } }, {})).code).toBe(
      'missing_variant',
    )
  })

  it('refuses what an exposure does not hold', () => {
    expect(refusal(() => parseExposure('flag', { rules: [] })).code).toBe('unknown_property')
  })
})
