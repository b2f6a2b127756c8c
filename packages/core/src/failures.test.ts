import { describe, expect, it } from 'vitest'
import type { Answer } from './answer.ts'
import { explainFlag } from './explain.ts'
import { createFlagSet } from './flag-set.ts'
import { allEngines } from './node-engines.ts'
import { createFlagSet as createParsedFlagSet } from './node-flag-set.ts'

const on = { enabled: true, rollout: 100, environments: ['production'] } as const
const options = { environment: 'production', explainer: explainFlag } as const

describe('an answer that says what failed', () => {
  it('is frozen, for it is shared', () => {
    const set = createFlagSet({ flag: { ...on, rules: [{ if: 5 }] } as never }, options)
    const answer = set.evaluate('flag') as { value: unknown }
    expect(answer).toMatchObject({ value: false, errorCode: 'PARSE_ERROR' })
    expect(() => {
      answer.value = true
    }).toThrowError(TypeError)
    expect(Object.isFrozen(set.evaluate('missing' as never))).toBe(true)
  })

  it('is the same explained, wherever in the definition the fault stands', () => {
    const match = { if: { attribute: 'targetingKey', is: 'ada' } }
    for (const rules of [5, [5], [match, 5], [match, { if: { attribute: 'a' } }]]) {
      const set = createFlagSet({ flag: { ...on, rules } as never }, options)
      expect(set.evaluate('flag', 'ada').errorCode).toBe('PARSE_ERROR')
      expect(set.explain('flag', 'ada').answer).toEqual(set.evaluate('flag', 'ada'))
    }
  })

  it('leaves a flag off whose rollout is no number', () => {
    for (const exposure of [{}, { rollout: Number.NaN }]) {
      const set = createFlagSet(
        { flag: { ...on, rollout: Number.NaN } },
        { ...options, exposures: { flag: exposure } },
      )
      expect([set.isEnabled('flag'), set.isEnabled('flag', 'ada')]).toEqual([false, false])
    }
  })

  it('is the same among all, and throws no more there', () => {
    const definition = {
      ...on,
      get rules(): never {
        throw new Error('no')
      },
    }
    const set = createFlagSet({ flag: definition, other: on }, { ...options, engines: allEngines })
    for (const _ of [1, 2]) {
      expect(set.evaluateAll('ada')).toEqual([set.evaluate('flag'), set.evaluate('other')])
    }
    expect(set.evaluate('flag').errorCode).toBe('PARSE_ERROR')
  })

  it('is given for a key that is no text', () => {
    const set = createFlagSet({ flag: on }, options)
    expect(set.evaluate(Symbol('x') as never)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    expect(set.isEnabled(undefined as never)).toBe(false)
  })
})

describe('names that every object has', () => {
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf']

  it('are flags, variants, segments, environments and attributes like others', () => {
    for (const name of names) {
      const set = createParsedFlagSet(
        {
          [name]: {
            enabled: true,
            rollout: 100,
            environments: { [name]: {} },
            variants: { [name]: 'a', off: 'b' },
            serve: name,
            rules: [{ if: { segment: name }, serve: 'off' }],
          },
        },
        { environment: name, segments: { [name]: { attribute: name, exists: true } } },
      )
      expect(set.evaluate(name, 'ada')).toMatchObject({ value: 'a', reason: 'DEFAULT' })
      expect(set.evaluate(name, { [name]: 1 })).toMatchObject({ value: 'b', rule: '0' })
      expect(valuesOf(set.evaluateAll('ada'))).toEqual({ [name]: 'a' })
    }
  })

  it('are absent where nobody defined them', () => {
    for (const name of names) {
      const set = createParsedFlagSet({ flag: { ...on, environments: {} } }, { environment: name })
      expect(set.evaluate('flag').reason).toBe('DISABLED')
      expect(set.evaluate(name as never).errorCode).toBe('FLAG_NOT_FOUND')
    }
  })

  it('carry the revision of the change, not what objects inherit', () => {
    for (const name of names) {
      const set = createFlagSet({} as never, options)
      const next = set.with({
        flags: { [name]: on, other: on },
        revision: 5,
        revisions: { other: 3 },
      })
      expect(next.evaluate(name as never).flagRevision).toBe(5)
      expect(next.evaluate('other' as never).flagRevision).toBe(3)
    }
  })
})

function valuesOf(answers: readonly Answer[]) {
  return Object.fromEntries(answers.map(({ flagKey, value }) => [flagKey, value]))
}
