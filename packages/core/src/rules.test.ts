import { describe, expect, it } from 'vitest'
import type { Rule } from './definition.ts'
import { createFlagSet } from './node-flag-set.ts'

/** The rule that decides for each plan: none where the rules are over. */
function deciders(rules: readonly Rule[], plans: readonly unknown[]): (string | undefined)[] {
  const flag = { enabled: true, rollout: 0, environments: ['production'], rules }
  const set = createFlagSet({ flag }, { environment: 'production' })
  return plans.map((plan) => set.evaluate('flag', { plan, other: 'x' }).rule)
}

const plan = (is: string | string[]): Rule => ({ if: { attribute: 'plan', is } })
const passesOn = (is: string): Rule => ({ ...plan(is), rollout: 0, otherwise: 'next' })

describe('a run of rules that compare one attribute', () => {
  it('is decided by the first that names the value', () => {
    expect(deciders([plan('a'), plan(['a', 'b']), plan('b')], ['a', 'b', 'c'])).toEqual([
      '0',
      '1',
      undefined,
    ])
  })

  it('goes on inside the run where the first one passes the subject on', () => {
    expect(deciders([passesOn('a'), plan('b'), plan('a'), plan('a')], ['a', 'b'])).toEqual([
      '2',
      '1',
    ])
  })

  it('is followed by the rules after it, the next one first', () => {
    const other: Rule = { if: { attribute: 'other', is: 'x' } }
    const rules = [plan('a'), plan('b'), passesOn('c'), other, plan('a')]
    expect(deciders(rules, ['a', 'c', 'none', ['none'], undefined])).toEqual([
      '0',
      '3',
      '3',
      '3',
      '3',
    ])
  })

  it('ends where another attribute is compared', () => {
    const other = { if: { attribute: 'other', is: 'a' } }
    expect(deciders([plan('a'), other, plan('b'), plan('c')], ['a', 'b', 'c', 'x'])).toEqual([
      '0',
      '2',
      '3',
      undefined,
    ])
  })
})
