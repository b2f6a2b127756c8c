import { describe, expect, it } from 'vitest'
import { check, customReading, gauge, type ProbeGuard, validateProbe } from './index.ts'

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    return (error as { code: string }).code
  }
  return undefined
}

describe('guards that look for themselves', () => {
  it('are plain data with the policy’s numbers', () => {
    expect(gauge({ metric: 'cpu', above: 0.8 })).toEqual({
      kind: 'gauge',
      name: 'cpu',
      consequence: 'hold',
      metric: 'cpu',
      reader: 'system',
      above: 0.8,
      clear: 0.7,
      forMs: 120_000,
    })
    expect(gauge({ metric: 'disk', below: 0.2, consequence: 'warn', alert: 'warning' })).toEqual({
      kind: 'gauge',
      name: 'disk',
      consequence: 'warn',
      alert: 'warning',
      metric: 'disk',
      reader: 'system',
      below: 0.2,
      clear: 0.225,
      forMs: 120_000,
      path: '.',
    })
    expect(check({ name: 'health', url: 'http://127.0.0.1/health' })).toEqual({
      kind: 'check',
      name: 'health',
      consequence: 'hold',
      url: 'http://127.0.0.1/health',
      status: 200,
      everyMs: 10_000,
      timeoutMs: 5_000,
      retries: 2,
    })
    expect(customReading({ name: 'conversion', better: 'higher' })).toEqual({
      kind: 'custom_reading',
      name: 'conversion',
      consequence: 'hold',
      better: 'higher',
      marginRatio: 1.1,
      clearRatio: 1.05,
      forMs: 120_000,
    })
  })

  it('say in the log whose number it is, where the function cannot stand', () => {
    const own = gauge({ name: 'queue', read: () => 3, above: 1000 })
    expect(JSON.parse(JSON.stringify(own))).toEqual({
      kind: 'gauge',
      name: 'queue',
      consequence: 'hold',
      metric: 'custom',
      reader: 'function',
      above: 1000,
      clear: 875,
      forMs: 120_000,
    })
    expect(gauge({ metric: 'cpu', read: () => 0.5, above: 0.8 }).reader).toBe('function')
    expect(validateProbe(JSON.parse(JSON.stringify(own)))).toMatchObject({ name: 'queue' })
  })

  it.each<[string, () => unknown]>([
    ['a gauge without a threshold', () => gauge({ metric: 'cpu' })],
    ['a gauge with two', () => gauge({ metric: 'cpu', above: 0.8, below: 0.2 })],
    ['a percentage where a share stands', () => gauge({ metric: 'cpu', above: 80 })],
    ['a share of nothing', () => gauge({ metric: 'disk', below: 0 })],
    ['NaN', () => gauge({ metric: 'event_loop_delay', above: Number.NaN })],
    [
      'an end of failure beyond the threshold',
      () => gauge({ metric: 'cpu', above: 0.8, clear: 0.9 }),
    ],
    ['one under a lower threshold', () => gauge({ metric: 'disk', below: 0.2, clear: 0.1 })],
    ['a negative time', () => gauge({ metric: 'cpu', above: 0.8, forMs: -1 })],
    ['a number that nobody names', () => gauge({ read: () => 1, above: 1 })],
    ['a gauge of nothing', () => gauge({ name: 'x', above: 1 })],
    ['an unknown metric', () => gauge({ metric: 'luck' as 'cpu', above: 0.5 })],
    ['a path of no disk', () => gauge({ metric: 'cpu', above: 0.5, path: '/' })],
    [
      'a gauge that would roll back',
      () => gauge({ metric: 'cpu', above: 0.8, consequence: 'rollback' as 'hold' }),
    ],
    [
      'numbers without counts that would roll back',
      () => customReading({ name: 'c', better: 'lower', consequence: 'rollback' as 'hold' }),
    ],
    ['a margin below 1', () => customReading({ name: 'c', better: 'lower', marginRatio: 0.9 })],
    ['no better side', () => customReading({ name: 'c', better: 'best' as 'lower' })],
    ['a check of two things', () => check({ name: 'c', run: () => true, url: 'http://a' })],
    ['a URL that is none', () => check({ name: 'c', url: 'health' })],
    ['a URL of a file', () => check({ name: 'c', url: 'file:///etc/passwd' })],
    ['a status that is none', () => check({ name: 'c', url: 'http://a', status: 20 })],
    ['half a retry', () => check({ name: 'c', retries: 0.5 })],
    ['a check that never rests', () => check({ name: 'c', everyMs: 0 })],
    ['a function that is none', () => check({ name: 'c', run: 'yes' as never })],
    ['an unknown urgency', () => check({ name: 'c', alert: 'panic' as 'critical' })],
    ['an empty name', () => check({ name: '' })],
    [
      'a guard from a file without its numbers',
      () => validateProbe({ kind: 'check', name: 'c' } as ProbeGuard),
    ],
  ])('refuse %s', (_, action) => {
    expect(codeOf(action)).toBe('invalid_guard')
  })

  it('do not repeat a password that stands in a URL', () => {
    const action = () => check({ name: 'c', url: 'http://ann:hunter2@host/' })
    expect(action).toThrow('Guard "c": url must be an http or https URL without a password.')
    expect(action).not.toThrow('hunter2')
  })

  it('say which property is wrong and what it should be', () => {
    expect(() => gauge({ metric: 'cpu', above: 80 })).toThrow(
      'Guard "cpu": above must be a number above 0 and below 1; found 80.',
    )
  })
})
