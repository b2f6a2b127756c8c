import { describe, expect, it } from 'vitest'
import {
  createGuardSet,
  errorRate,
  type Guard,
  latency,
  maxErrorRate,
  maxLatency,
} from './index.ts'

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    expect((error as never)[Symbol.for('@sluice/error')]).toBe(true)
    expect((error as Error).name).toBe('SluiceError')
    return (error as { code: string }).code
  }
  return undefined
}

describe('guards', () => {
  it('are plain data with the policy’s numbers', () => {
    expect(JSON.parse(JSON.stringify(errorRate()))).toEqual({
      kind: 'error_rate',
      name: 'error_rate',
      consequence: 'rollback',
      marginRatio: 1.1,
      rollbackRatio: 1.5,
      floorRatio: 0.001,
      minErrors: 3,
      countErrors: 'by_unit',
      clusterSize: 1,
      minRequests: 100,
      confidence: 0.95,
    })
    expect(latency()).toMatchObject({ kind: 'latency', marginRatio: 1.2, rollbackRatio: 2 })
    expect(maxErrorRate({ ratio: 0.1 })).toMatchObject({ kind: 'max_error_rate', ratio: 0.1 })
    expect(maxLatency({ ms: 5000 })).toMatchObject({ ms: 5000, quantile: 0.95 })
  })

  it.each([
    ['a margin below 1', () => errorRate({ marginRatio: 0.9 })],
    ['a rollback ratio under the margin', () => latency({ rollbackRatio: 1.1 })],
    ['a percentage where a ratio stands', () => maxErrorRate({ ratio: 10 })],
    ['a limit beyond the histogram', () => maxLatency({ ms: 60_000 })],
    ['NaN', () => maxLatency({ ms: Number.NaN })],
    ['an empty name', () => errorRate({ name: '' })],
    ['an unknown consequence', () => errorRate({ consequence: 'panic' as 'warn' })],
    ['an unknown kind', () => createGuardSet([{ kind: 'luck' } as unknown as Guard])],
    [
      'a guard from a file without its numbers',
      () => createGuardSet([{ kind: 'latency', name: 'l', consequence: 'hold' } as Guard]),
    ],
  ])('refuse %s', (_, action) => {
    expect(codeOf(action)).toBe('invalid_guard')
  })

  it('say which property is wrong and what it should be', () => {
    expect(() => maxErrorRate({ name: 'api', ratio: 10 })).toThrow(
      'Guard "api": ratio must be a number above 0 and below 1; found 10.',
    )
  })
})

describe('createGuardSet', () => {
  it('refuses two guards of one name, and an alpha that promises nothing', () => {
    expect(codeOf(() => createGuardSet([errorRate(), errorRate()]))).toBe('duplicate_guard')
    expect(codeOf(() => createGuardSet([errorRate()], { alpha: 0 }))).toBe('invalid_alpha')
    expect(codeOf(() => createGuardSet([errorRate()], { alpha: 1 }))).toBe('invalid_alpha')
  })

  it('starts inconclusive', () => {
    const verdicts = createGuardSet([
      errorRate(),
      latency(),
      maxErrorRate({ ratio: 0.1 }),
      maxLatency({ ms: 5000 }),
    ]).verdicts()
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(Array(4).fill('inconclusive'))
    for (const verdict of verdicts) {
      expect(verdict.evidence).toBe(0)
      expect(verdict.evidenceLog).toBe(0)
      expect(verdict.estimate).toBeUndefined()
    }
  })
})
