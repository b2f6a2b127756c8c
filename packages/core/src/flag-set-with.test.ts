import { describe, expect, it } from 'vitest'
import type { FlagDefinition, FlagDefinitions } from './definition.ts'
import { semverEngine } from './engines.ts'
import { createFlagSet } from './flag-set.ts'

const on: FlagDefinition = { enabled: true, rollout: 100, environments: ['production'] }
const base: FlagDefinitions = { a: on, b: on }
const needy: FlagDefinition = { ...on, rules: [{ if: { attribute: 'v', matches: 'x' } }] }
const first = () =>
  createFlagSet(base, { environment: 'production', engines: { semver: semverEngine } })

describe('with', () => {
  it('makes siblings that know nothing of each other', () => {
    const set = first()
    const left = set.with({ flags: { left: on, a: null } })
    const right = set.with({ flags: { right: on } })
    const both = right.with({ flags: { left: { ...on, rollout: 0 } } })
    expect([set, left, right, both].map((each) => each.keys().sort())).toEqual([
      ['a', 'b'],
      ['b', 'left'],
      ['a', 'b', 'right'],
      ['a', 'b', 'left', 'right'],
    ])
    expect(left.evaluate('a').errorCode).toBe('FLAG_NOT_FOUND')
    expect(right.evaluate('left').errorCode).toBe('FLAG_NOT_FOUND')
    expect([left, both].map((each) => each.isEnabled('left'))).toEqual([true, false])
    expect(left.evaluateAll().map((answer) => answer.flagKey)).toEqual(['b', 'left'])
  })

  it('changes nothing where one of the changes is refused', () => {
    const set = first()
    expect(() => set.with({ flags: { a: null, c: on, d: needy }, revision: 9 })).toThrowError(
      expect.objectContaining({ code: 'engine_missing' }),
    )
    expect(() => set.with({ segments: { s: { attribute: 'v', matches: 'x' } } })).toThrowError(
      expect.objectContaining({ code: 'engine_missing' }),
    )
    expect([set.keys(), set.revision, set.isEnabled('a')]).toEqual([['a', 'b'], 0, true])
    const next = set.with({ flags: { e: on } })
    expect([next.keys(), next.isEnabled('e'), next.isEnabled('d')]).toEqual([
      ['a', 'b', 'e'],
      true,
      false,
    ])
  })

  it('keeps where a definition came from while only its exposure moves', () => {
    const set = first().with({ flags: { a: on }, origin: 'log', revision: 2 })
    const moved = set.with({ exposures: { a: { rollout: 0 } }, origin: 'operator', revision: 3 })
    expect(moved.inspect('a')).toMatchObject({ origin: 'log', revision: 3 })
    expect(moved.inspect('b')).toMatchObject({ origin: 'code', revision: 0 })
    expect(moved.with({ exposures: { a: null } }).isEnabled('a')).toBe(true)
  })

  it('forgets a segment on null, and says so', () => {
    const rules = [{ if: { segment: 's' } }]
    const set = first().with({
      flags: { a: { ...on, rollout: 0, rules } },
      segments: { s: { attribute: 'v', is: 1 } },
    })
    expect(set.isEnabled('a', { v: 1 })).toBe(true)
    expect(set.with({ segments: { s: null } }).evaluate('a', { v: 1 })).toMatchObject({
      value: false,
      errorCode: 'PARSE_ERROR',
      errorMessage: 'there is no segment "s"',
    })
  })
})
