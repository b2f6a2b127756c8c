import fc from 'fast-check'
import murmurhash from 'murmurhash'
import { describe, expect, it } from 'vitest'
import { PrefixHash } from './hash.ts'

const bytes = new TextEncoder()
const reference = (text: string) => murmurhash.v3(bytes.encode(text), 0) >>> 2

describe('PrefixHash', () => {
  it('agrees with murmurhash.v3 on every split of a text into prefix and rest', () => {
    const text = 'newUserProfile:user-12345'
    for (let cut = 0; cut <= text.length; cut++) {
      expect(new PrefixHash(text.slice(0, cut)).top30(text.slice(cut))).toBe(reference(text))
    }
  })

  it('agrees with murmurhash.v3 on ASCII', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 })
    fc.assert(
      fc.property(ascii, ascii, (prefix, text) => {
        expect(new PrefixHash(prefix).top30(text)).toBe(reference(prefix + text))
      }),
      { numRuns: 5000 },
    )
  })

  it('agrees with murmurhash.v3 on any Unicode, lone surrogates included', () => {
    const unicode = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc
        .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 10 })
        .map((codes) => String.fromCharCode(...codes)),
    )
    fc.assert(
      fc.property(unicode, unicode, (prefix, text) => {
        expect(new PrefixHash(prefix).top30(text)).toBe(reference(prefix + text))
      }),
      { numRuns: 5000 },
    )
  })
})
