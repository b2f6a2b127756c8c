import type { FlagDefinitions } from '@sluice/core'
import { describe, expect, it } from 'vitest'
import { declareFlags } from './declare-flags.ts'

describe('declareFlags', () => {
  it('writes keys, variants and types, with what people should know beside the key', () => {
    const text = declareFlags(
      {
        newCheckout: {
          description: 'The checkout\n  on one page',
          kind: 'release',
          owner: 'payments',
          expiresAt: '2027-01-01',
        },
        'old-menu': {
          variants: { a: { 'x-y': [1, 'one', 2], list: [[true]] }, b: {}, c: null } as never,
        },
      },
      { name: 'Flags', origin: 'config/flags.yaml' },
    )
    expect(
      text,
    ).toBe(`/** The flags of config/flags.yaml. Written by \`sluice types\`: change the definitions, not this file. */
export type Flags = {
  /**
   * The checkout on one page
   * Kind: release. Owner: payments. Expires: 2027-01-01.
   */
  readonly newCheckout: {
    readonly variants: {
      readonly off: boolean
      readonly on: boolean
    }
  }
  readonly 'old-menu': {
    readonly variants: {
      readonly a: { readonly list: readonly (readonly boolean[])[]; readonly 'x-y': readonly (number | string)[] }
      readonly b: { readonly [key: string]: never }
      readonly c: null
    }
  }
}
`)
  })

  it('writes the same for the same definitions, in whatever order and at whatever values', () => {
    const one: FlagDefinitions = {
      b: { variants: { y: { p: 1, q: 'x' }, x: { q: 'y', p: 2 } }, rollout: 5 },
      a: { enabled: true },
      B: {},
    }
    const other: FlagDefinitions = {
      B: { tags: ['new'] },
      a: {},
      b: { enabled: true, variants: { x: { p: 3, q: 'z' }, y: { q: '', p: 0 } } },
    }
    expect(declareFlags(other)).toBe(declareFlags(one))
    expect(declareFlags(one)).toMatch(/readonly B: .*readonly a: .*readonly b: /s)
  })

  it('keeps a text of a definition within its comment', () => {
    const text = declareFlags(
      { a: { description: 'one */ two\u2028three', owner: 'x\ny' } },
      { origin: '*/' },
    )
    expect(text.split('\n').slice(0, 6)).toEqual([
      expect.stringContaining('/** The flags of *\\/. Written'),
      'export type AppFlags = {',
      '  /**',
      '   * one *\\/ two three',
      '   * Owner: x y.',
      '   */',
    ])
  })

  it('takes only what TypeScript takes for the name of a type', () => {
    for (const name of ['', 'App-Flags', '1st', 'A = 1; type B', 'class', 'string', 'await']) {
      expect(() => declareFlags({}, { name })).toThrow(
        expect.objectContaining({ code: 'invalid_option', found: name }),
      )
    }
  })
})
