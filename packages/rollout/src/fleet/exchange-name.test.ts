import { checkExchange } from '@sluice/stores'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toExchangeName } from './exchange-name.ts'

describe('toExchangeName', () => {
  it.each([
    ['production', 'production'],
    ['new-checkout_2.1', 'new-checkout_2.1'],
    ['shop/checkout', 'shop=2fcheckout'],
    ['a=b', 'a=3db'],
    ['köln', 'k=c3=b6ln'],
    ['\u{1f600}', '=f0=9f=98=80'],
    ['', '='],
  ])('makes %j into %j', (text, name) => expect(toExchangeName(text)).toBe(name))

  it('fits three times into a key, without a slash, and tells any two texts apart', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 80 }),
      fc.string({ minLength: 61 }),
    )
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [first, second] = [toExchangeName(one), toExchangeName(other)]
        expect(first).not.toContain('/')
        checkExchange(`lease/rollout/${first}/${first}/${first}`, 1_000)
        expect(first === second).toBe(one === other)
      }),
    )
    const long = 'x'.repeat(100)
    expect(toExchangeName(`${long}a`)).not.toBe(toExchangeName(`${long}b`))
  })
})
