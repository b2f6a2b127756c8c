import { describe, expect, it } from 'vitest'
import type { Operators } from './definition.ts'
import { allEngines } from './node-engines.ts'
import { compileOperators } from './operators.ts'

/** A list of an application's own: what it inherits, and how it is constructed, is not asked. */
class Roles extends Array<string> {
  constructor(names: string[]) {
    super()
    for (const name of names) this.push(name)
  }
  override slice(): never {
    throw new Error('no')
  }
}

const holds = (operators: Operators, value: unknown) =>
  compileOperators(operators, allEngines)(value)

type Row = [operators: Operators, matching: unknown[], others: unknown[]]

const rows: Row[] = [
  [{ is: 'FR' }, ['FR', ['DE', 'FR']], ['fr', 'DE', undefined, null, ['DE'], {}, ['FR'].join]],
  [{ is: 'admin' }, [new Roles(['user', 'admin'])], [new Roles(['user'])]],
  [{ is: 1 }, [1, [1]], ['1', true, 2]],
  [{ is: false }, [false], [0, '', null, undefined]],
  [{ is: ['a', 'b'] }, ['a', 'b', ['c', 'b']], ['c', []]],
  [{ in: ['a', 1, true] }, ['a', 1, true, [1]], ['1', 'true', false]],
  [{ in: [1, 2, 3, 4, 5, 6, 7, 8] }, [1, 8, [9, 8]], [0, 9]],
  [{ contains: 'da' }, ['Ada', ['da']], ['AD', ['Ada'], 5]],
  [{ contains: ['x', 'y'] }, ['fay', ['y']], ['fab', ['z']]],
  [{ contains: 5 }, [[5]], ['a5', '5', 5, ['5']]],
  [{ startsWith: 'a' }, ['abc', ['x', 'a']], ['ba', 1, '']],
  [{ startsWith: ['a', 'b'] }, ['abc', 'bcd'], ['cab']],
  [{ endsWith: '@example.com' }, ['ada@example.com'], ['example.com', 'ada@example.com.evil']],
  [{ matches: '^a+$' }, ['aaa', ['b', 'a'], 'a'.repeat(10_000)], ['ab', 5, 'a'.repeat(10_001)]],
  [{ matches: ['^x', 'y$'] }, ['xa', 'ay'], ['a']],
  [{ gt: 5 }, [6, [1, 7]], [5, '6', Number.NaN, undefined]],
  [{ gte: 5 }, [5], [4.999]],
  [{ lt: 5 }, [4, Number.NEGATIVE_INFINITY], [5, '4']],
  [{ lte: 5 }, [5], [5.001]],
  [{ gte: 18, lt: 65 }, [18, 64], [17, 65]],
  [
    { before: '2026-01-01T00:00:00Z' },
    ['2025-12-31', new Date(0), 0],
    ['2026-01-01', 'yesterday', '2025-12-31T10:00'],
  ],
  [{ after: 1000 }, [1001, '1970-01-02', new Date(5000)], [1000, {}, new Date(Number.NaN)]],
  [{ semver: '>=2.1.0' }, ['2.1.0', '10.0.0', 'v2.1.1'], ['2.0.9', '2.1.0-rc.1', '2.1', 'x', 2]],
  [{ semver: ['^1.2.0', '3.x'] }, ['1.9.9', '3.0.0'], ['2.0.0', '1.1.9', '4.0.0']],
  [
    { cidr: '10.0.0.0/8' },
    ['10.1.2.3', '::ffff:10.1.2.3'],
    ['11.0.0.1', '0x0a.1.2.3', '10.1', '::1', 'x'],
  ],
  [{ cidr: ['2001:db8::/32', '127.0.0.1/32'] }, ['2001:db8::1', '127.0.0.1'], ['2001:db9::1']],
  [{ exists: true }, ['', 0, false, [], {}], [undefined, null, () => 1]],
  [{ exists: false }, [undefined, null], ['']],
]

describe('compileOperators', () => {
  for (const [operators, matching, others] of rows) {
    it(`${JSON.stringify(operators)} matches what it should`, () => {
      expect(matching.filter((value) => !holds(operators, value))).toEqual([])
    })
    it(`${JSON.stringify(operators)} passes over the rest`, () => {
      expect(others.filter((value) => holds(operators, value))).toEqual([])
    })
  }

  it('reads a list to its thousandth item and no further', () => {
    const list = Array.from({ length: 2000 }, (_, i) => i)
    expect(holds({ is: 999 }, list)).toBe(true)
    expect(holds({ is: 1000 }, list)).toBe(false)
  })

  it('refuses to hold for everybody where there is no operator', () => {
    expect(() => compileOperators({}, {})).toThrowError(TypeError)
  })

  it('refuses an operator whose engine is absent', () => {
    expect(() => compileOperators({ matches: 'a' }, {})).toThrowError(/pass engines.matches/)
  })
})
