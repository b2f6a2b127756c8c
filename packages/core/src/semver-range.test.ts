import fc from 'fast-check'
import semver from 'semver'
import { describe, expect, it } from 'vitest'
import { compileRange } from './semver-range.ts'

const number = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2_000_000_000 }))
const version = fc.tuple(number, number, number).map((parts) => parts.join('.'))
const odd = fc.constantFrom(
  '',
  'v',
  '1',
  '1.2',
  '1.2.3.4',
  '01.2.3',
  '1.2.3-rc.1',
  '1.2.3+5',
  ' 1.2.3',
  '1..3',
  'x',
)
const anyVersion = fc.oneof(
  version,
  version.map((each) => `v${each}`),
  fc.tuple(version, fc.constantFrom('-rc.1', '+build', '.4', ' ')).map((parts) => parts.join('')),
  odd,
)
const sign = fc.constantFrom('', '=', '>', '>=', '<', '<=', '^', '~')
const comparator = fc
  .tuple(
    sign,
    fc.oneof(
      version,
      version.map((each) => `${each}-beta.2`),
    ),
  )
  .map((parts) => parts.join(''))
const range = fc.oneof(
  comparator,
  fc.tuple(comparator, comparator).map((parts) => parts.join(' ')),
  fc.tuple(comparator, comparator).map((parts) => parts.join(' || ')),
  fc.tuple(version, version).map((parts) => parts.join(' - ')),
  fc.constantFrom('*', '', '1.x', '~1', '>=1 <3'),
)

describe('compileRange', () => {
  it('agrees with the library on every range and version', () => {
    fc.assert(
      fc.property(range, anyVersion, (text, candidate) => {
        fc.pre(semver.validRange(text) !== null)
        expect(compileRange(text)(candidate)).toBe(semver.satisfies(candidate, text))
      }),
      { numRuns: 5000 },
    )
  })

  it('refuses what is no range', () => {
    expect(() => compileRange('newest')).toThrow(TypeError)
  })
})
