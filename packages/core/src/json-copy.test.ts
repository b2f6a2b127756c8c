import { describe, expect, it } from 'vitest'
import { isSluiceError, type SluiceError } from './errors.ts'
import { createFlagSet } from './node-flag-set.ts'
import { parseDefinitions, parseExposure } from './parse-definitions.ts'

const production = { environment: 'production' } as const
const on = { enabled: true, rollout: 100, environments: ['production'] } as const

function refusal(act: () => unknown): SluiceError {
  try {
    act()
  } catch (error) {
    if (isSluiceError(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}

const thrower = new Proxy(
  {},
  {
    get: () => {
      throw thrower
    },
    ownKeys: () => {
      throw thrower
    },
    getPrototypeOf: () => {
      throw thrower
    },
  },
)
const revoked = Proxy.revocable({}, {})
revoked.revoke()

describe('a definition from outside', () => {
  it.each<[string, unknown, string, string]>([
    [
      'a getter that throws',
      {
        flag: {
          environments: { a: {} },
          get rollout() {
            throw new Error('no')
          },
        },
      },
      'unreadable',
      '/flag/rollout',
    ],
    [
      'a getter that throws a proxy',
      { flag: { salt: 'a', rules: [thrower] } },
      'unreadable',
      '/flag/rules/0',
    ],
    ['a revoked proxy', { flag: revoked.proxy }, 'unreadable', '/flag'],
    ['a revoked proxy for all of it', revoked.proxy, 'unreadable', ''],
    ['a Map', { flag: new Map([['enabled', true]]) }, 'invalid_type', '/flag'],
    ['a Map for all of it', new Map([['flag', {}]]), 'invalid_type', ''],
    ['what it inherits', { flag: Object.create(on) }, 'invalid_type', '/flag'],
    [
      'a Date for a variant',
      { flag: { variants: { on: new Date(0) } } },
      'invalid_type',
      '/flag/variants/on',
    ],
    [
      'NaN in a variant',
      { flag: { variants: { on: [0, { a: Number.NaN }] } } },
      'invalid_value',
      '/flag/variants/on/1/a',
    ],
    [
      '__proto__ as a variant',
      JSON.parse('{"flag":{"variants":{"on":1,"__proto__":2}}}'),
      'invalid_key',
      '/flag/variants/__proto__',
    ],
    [
      '__proto__ in a split',
      JSON.parse('{"flag":{"split":{"on":100,"__proto__":5}}}'),
      'invalid_key',
      '/flag/split/__proto__',
    ],
    [
      '__proto__ as an environment',
      JSON.parse('{"flag":{"environments":{"__proto__":{}}}}'),
      'invalid_key',
      '/flag/environments/__proto__',
    ],
    [
      'a nameless environment',
      { flag: { environments: { '': {} } } },
      'invalid_key',
      '/flag/environments/',
    ],
    [
      'a variant with a lone surrogate',
      { flag: { variants: { 'a\ud800': 1 } } },
      'invalid_key',
      '/flag/variants/a\ud800',
    ],
  ])('is refused for %s', (_name, input, code, pointer) => {
    const error = refusal(() => parseDefinitions(input))
    expect([error.code, error.pointer]).toEqual([code, pointer])
    if (pointer !== '') expect(error.flag).toBe('flag')
  })

  it('is refused where shared parts unfold into billions', () => {
    let value: unknown = 1
    for (let i = 0; i < 40; i++) value = [value, value]
    expect(refusal(() => parseDefinitions({ flag: { variants: { on: value } } })).code).toBe(
      'too_large',
    )
  })

  it('is read once, so that what was checked is what is served', () => {
    let reads = 0
    const sly = {
      ...on,
      get rollout() {
        return reads++ === 0 ? 100 : 'all of them'
      },
    }
    expect(parseDefinitions({ sly }).sly?.rollout).toBe(100)
  })

  it('loses what is undefined, as JSON would', () => {
    const definition = {
      ...on,
      salt: undefined,
      environments: { production: { rollout: undefined } },
      rules: [{ if: { all: undefined, attribute: 'a', is: 1 }, serve: 'off' }],
    }
    const set = createFlagSet({ flag: definition as never }, production)
    expect(set.inspect('flag')?.definition).toEqual(JSON.parse(JSON.stringify(definition)))
    expect(set.isEnabled('flag', {})).toBe(true)
    expect(set.evaluate('flag', { a: 1 })).toMatchObject({ value: false, rule: '0' })
    const bare = { rules: [{ if: { attribute: 'a', is: undefined } }] }
    expect(refusal(() => parseDefinitions({ flag: bare })).pointer).toBe('/flag/rules/0/if')
  })

  it('cannot be changed through an answer, nor through an inspection', () => {
    const set = createFlagSet({ flag: { ...on, variants: { on: { list: [1] } } } }, production)
    const served = set.object('flag', 'ada', {}) as { list: number[] }
    expect(() => served.list.push(2)).toThrowError(TypeError)
    const inspected = set.inspect('flag')?.definition as { rollout: number }
    expect(() => {
      inspected.rollout = 0
    }).toThrowError(TypeError)
    expect(set.object('flag', 'ada', {})).toEqual({ list: [1] })
  })

  it('gets an error that can be read, however long its names are', () => {
    const long = 'k'.repeat(1_000_000)
    for (const input of [
      { [long]: {} },
      { flag: { [long]: 1 } },
      { flag: { variants: { [long]: 1 } } },
      { flag: { serve: long } },
      { flag: { rules: [{ if: { segment: long } }] } },
      { flag: { prerequisites: [long] } },
      {
        flag: {
          variants: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`v${i}`, 1])),
          serve: 'x',
        },
      },
    ]) {
      expect(refusal(() => parseDefinitions(input)).message.length).toBeLessThan(1000)
    }
  })

  it('names the first of very many faults', () => {
    const error = refusal(() =>
      parseDefinitions({ flag: { variants: { on: new Array(100_000).fill([undefined]) } } }),
    )
    expect(error.pointer).toBe('/flag/variants/on/0/0')
  })
})

describe('an exposure from outside', () => {
  it('is refused where reading it throws', () => {
    expect(refusal(() => parseExposure('flag', thrower)).code).toBe('unreadable')
  })
})
