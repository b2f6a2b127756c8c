import { describe, expect, it } from 'vitest'
import { createSplitDispatcher } from '../../packages/rollout/src/dispatcher.ts'
import { createSplitProxy } from '../../packages/rollout/src/proxy.ts'

const arms = { stable: { origins: ['http://127.0.0.1:1'] } }
const creators = { createSplitDispatcher, createSplitProxy }

function refusal(create: (options: never) => unknown, options: object): unknown {
  try {
    create({ arms, ...options } as never)
  } catch (error) {
    return error
  }
  return undefined
}

const shared: [options: object, pointer: string, expected: string, found: string][] = [
  [{ pool: 5 }, '/pool', 'an object', '5'],
  [{ pool: null }, '/pool', 'an object', 'null'],
  [{ pool: { connections: 0 } }, '/pool/connections', 'at least 1', '0'],
  [{ pool: { headersTimeout: '5' } }, '/pool/headersTimeout', 'a number', '"5"'],
  [{ pool: { bodyTimeout: 0.5 } }, '/pool/bodyTimeout', 'a whole number', '0.5'],
  [{ pool: { keepAliveTimeout: 0 } }, '/pool/keepAliveTimeout', 'at least 1', '0'],
  [{ pool: { connect: true } }, '/pool/connect', 'an object or a function', 'true'],
  [{ pool: { factory: {} } }, '/pool/factory', 'a function', 'an object'],
  [{ onDeadArm: 'retry' }, '/onDeadArm', 'fallback or fail', '"retry"'],
  [{ keyOf: 'x-user' }, '/keyOf', 'a function', '"x-user"'],
  [{ onOutcome: {} }, '/onOutcome', 'a function', 'an object'],
]

describe.each(Object.entries(creators))('%s', (_, create) => {
  it.each(shared)('refuses %o', (options, pointer, expected, found) => {
    const message = `The traffic's options are refused at ${pointer}: expected ${expected}, found ${found}.`
    expect(refusal(create, options)).toMatchObject({
      code: 'invalid_option',
      message,
      pointer,
      expected,
      found,
    })
  })

  it('hands options on that it does not know, and takes null where undici does', () => {
    const pool = { connections: null, connect: { ca: 'pem' }, autoSelectFamily: true, later: 1 }
    expect(refusal(create, { pool })).toBeUndefined()
  })
})

describe('createSplitProxy', () => {
  const own: [options: object, pointer: string, expected: string, found: string][] = [
    [{ stickyCookie: true }, '/stickyCookie', 'an object, or false', 'true'],
    [{ stickyCookie: { name: 'a; b' } }, '/stickyCookie/name', "a cookie's name", '"a; b"'],
    [{ stickyCookie: { maxAgeS: -1 } }, '/stickyCookie/maxAgeS', 'at least 1', '-1'],
    [{ stickyCookie: { maxAge: 5 } }, '/stickyCookie/maxAge', 'no such property', 'maxAge'],
    [{ stickyCookie: { isSecure: 'yes' } }, '/stickyCookie/isSecure', 'a boolean', '"yes"'],
    [{ drainMs: -1 }, '/drainMs', 'at least 0', '-1'],
    [{ drainMs: 2 ** 31 }, '/drainMs', 'at most 2147483647', '2147483648'],
    [{ sendTimeoutMs: '60' }, '/sendTimeoutMs', 'a number', '"60"'],
    [{ host: 'orgin' }, '/host', 'preserve or origin', '"orgin"'],
    [{ trustsForwarded: 1 }, '/trustsForwarded', 'a boolean', '1'],
  ]
  it.each(own)('refuses %o', (options, pointer, expected, found) => {
    const error = refusal(createSplitProxy, options)
    expect(error).toMatchObject({ code: 'invalid_option', pointer, expected, found })
  })

  it('takes no cookie, a bare one and every property of one', () => {
    const whole = { name: 'sluice_key', maxAgeS: 86_400, isSecure: true }
    for (const stickyCookie of [false, {}, whole, undefined])
      expect(refusal(createSplitProxy, { stickyCookie, drainMs: 0 })).toBeUndefined()
  })
})
