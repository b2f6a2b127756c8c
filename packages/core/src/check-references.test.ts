import { describe, expect, it } from 'vitest'
import { isSluiceError, type SluiceError } from './errors.ts'
import { parseDefinitions } from './parse-definitions.ts'

function refusal(input: unknown): SluiceError {
  try {
    parseDefinitions(input)
  } catch (error) {
    if (isSluiceError(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}

const rules = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ if: { attribute: 'a', is: i } }))

describe('checkReferences', () => {
  it('points at the very condition that names a missing segment', () => {
    const lost = { all: [{ attribute: 'a', is: 1 }, { not: { any: [{ segment: 'none' }] } }] }
    const top = { flag: { rules: [...rules(1), { if: lost }] } }
    expect(refusal(top).pointer).toBe('/flag/rules/1/if/all/1/not/any/0/segment')
    const inner = {
      flag: { environments: { production: { rules: [{ if: { segment: 'none' } }] } } },
    }
    expect(refusal(inner).pointer).toBe('/flag/environments/production/rules/0/if/segment')
  })

  it('counts the steps of the costliest environment, for only one is asked', () => {
    const environments = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name) => [name, { rules: rules(3000) }]),
    )
    expect(Object.keys(parseDefinitions({ flag: { environments } }))).toEqual(['flag'])
    const tooMany = { ...environments, e: { rules: rules(10_001) } }
    expect(refusal({ flag: { environments: tooMany } }).code).toBe('too_costly')
  })

  it('counts every item of a list that is tried item by item, and none of one that is looked up', () => {
    const items = Array.from({ length: 10_001 }, (_, i) => `10.0.0.${i % 256}/32`)
    const flag = (condition: object) => ({
      flag: { rules: [{ if: { attribute: 'a', ...condition } }] },
    })
    for (const operator of ['contains', 'startsWith', 'endsWith', 'cidr']) {
      expect(refusal(flag({ [operator]: items })).code).toBe('too_costly')
    }
    expect(Object.keys(parseDefinitions(flag({ in: items })))).toEqual(['flag'])
  })
})
