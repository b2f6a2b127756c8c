import { describe, expect, it } from 'vitest'
import { readAttribute, readerOf, targetingKeyOf } from './context.ts'

describe('targetingKeyOf', () => {
  it.each([
    ['a bare string', 'ada', 'ada'],
    ['targetingKey first', { targetingKey: 'a', id: 'b', key: 'c', userId: 'd' }, 'a'],
    ['then id', { id: 'b', key: 'c', userId: 'd' }, 'b'],
    ['then key', { key: 'c', userId: 'd' }, 'c'],
    ['then userId', { userId: 'd' }, 'd'],
    ['a null passed over', { targetingKey: null, id: 'b' }, 'b'],
    ['a number in decimal', { id: 42 }, '42'],
    ['a bigint in decimal', { id: 9007199254740993n }, '9007199254740993'],
  ])('takes %s', (_name, context, expected) => {
    expect(targetingKeyOf(context)).toBe(expected)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty string', ''],
    ['an empty key', { targetingKey: '', id: 'b' }],
    ['NaN', { id: Number.NaN }],
    ['an object', { id: {} }],
    ['a number as the context', 42 as never],
  ])('has none in %s', (_name, context) => {
    expect(targetingKeyOf(context)).toBeUndefined()
  })
})

describe('readAttribute', () => {
  it('reads an attribute, also of a class instance', () => {
    class User {
      get country() {
        return 'FR'
      }
    }
    expect(readAttribute(readerOf('country'), new User())).toBe('FR')
  })

  it('does not find what every object inherits', () => {
    expect(readAttribute(readerOf('constructor'), {})).toBeUndefined()
    expect(readAttribute(readerOf('__proto__'), {})).toBeUndefined()
    expect(readAttribute(readerOf('constructor'), { constructor: 'Ada' })).toBe('Ada')
  })

  it('follows a JSON pointer', () => {
    const context = { address: { 'a/b': [{ city: 'Paris' }] } }
    expect(readAttribute(readerOf('/address/a~1b/0/city'), context)).toBe('Paris')
    expect(readAttribute(readerOf('/address/none/0'), context)).toBeUndefined()
  })

  it('reads the targeting key under its own name, wherever it stands', () => {
    expect(readAttribute(readerOf('targetingKey'), 'ada')).toBe('ada')
    expect(readAttribute(readerOf('targetingKey'), { id: 7 })).toBe('7')
  })
})
