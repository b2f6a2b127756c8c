import { describe, expect, it } from 'vitest'
import { matchesEngine } from './engines.ts'
import { allEngines } from './node-engines.ts'
import { parseDefinitions } from './parse-definitions.ts'

const flag = (condition: object) => ({
  flag: { rules: [{ if: { attribute: 'a', ...condition } }] },
})

describe('matchesEngine', () => {
  it('takes patterns as people write them', () => {
    expect(matchesEngine('^[^@\\s]{1,64}@[^@\\s]{1,255}$')('ada@example.com')).toBe(true)
    expect(matchesEngine('(?i)safari|chrome|firefox')('Mozilla Firefox')).toBe(true)
  })

  it('refuses a short pattern of many instructions, which would take seconds on a long text', () => {
    expect(() => matchesEngine('\\pL{999}'.repeat(32))).toThrowError(RangeError)
    expect(() => parseDefinitions(flag({ matches: '(.?){999}' }))).toThrowError(
      /1,000 instructions/,
    )
  })
})

describe('semver', () => {
  it('refuses a range that would take long to read and to meet', () => {
    const range = '>=1 '.repeat(100)
    expect(() => parseDefinitions(flag({ semver: range }))).toThrowError(/at most 256/)
  })
})

describe('cidrEngine', () => {
  it.each([
    'fe80::1%eth0/10',
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/8/8',
    '/8',
    '10.0.0.0/',
  ])('refuses %s', (block) => {
    expect(() => allEngines.cidr(block)).toThrowError(/is no address block/)
  })

  it('passes over what is no address', () => {
    const test = allEngines.cidr('::/0')
    expect([' 10.0.0.1', '10.0.0.1 ', '::1\n', '1', ''].filter(test)).toEqual([])
  })
})
