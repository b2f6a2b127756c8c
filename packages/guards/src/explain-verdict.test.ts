import { describe, expect, it } from 'vitest'
import { everyGuard, type Second, tickOf } from './guard-sets.fixture.ts'
import {
  createGuardSet,
  custom,
  errorRate,
  explainVerdict,
  type Guard,
  latency,
  maxErrorRate,
  sampleRatio,
} from './index.ts'

function explain(guard: Guard, seconds: number, second: Second = {}) {
  const set = createGuardSet([guard])
  for (let at = 1; at <= seconds; at++) set.observe(tickOf(at * 1000, second))
  return explainVerdict(set.verdicts()[0]!)
}

describe('explainVerdict', () => {
  it('makes one line of every verdict, without a number that is none', () => {
    const seconds = [0, 2, 15, 120]
    const kinds: Second[] = [
      {},
      { canaryErrors: 3, stableErrors: 4, slowdown: 3, canarySignups: 0, canaryUnits: 9 },
      { canary: 0, canarySignups: 0, canaryUnits: 0 },
      { canaryErrors: 20, stableErrors: 380, canarySignups: 20, stableSignups: 0 },
    ]
    for (const guard of everyGuard) {
      for (const count of seconds) {
        for (const second of kinds) {
          const { line, next } = explain(guard, count, second)
          expect(line).not.toMatch(/NaN|undefined|Infinity|null|\n/)
          expect(line.endsWith(`Next: ${next}`)).toBe(true)
        }
      }
    }
  })

  it('says of errors how many of how many', () => {
    const { line } = explain(errorRate(), 60, { stableErrors: 4, canaryErrors: 2 })
    expect(line).toMatch(
      /^error_rate \[fail, rollback\] canary errors are now .* stable's \(in all: canary \d+ of \d+, stable \d+ of [\d,]+\), more than 1.1 × beyond chance; between .* and .* at 95 %; evidence 100 %;? ?.*Next: nothing/,
    )
  })

  it('says of durations and units how many were looked at', () => {
    expect(explain(latency(), 30).line).toContain('canary 600 requests, stable 11,400 requests')
    expect(explain(sampleRatio(), 10).line).toContain('canary 5 units, stable 95 units')
  })

  it('names the worse side of what should be high', () => {
    const fewer = explain(custom({ series: 'signup', better: 'higher' }), 300, {
      canarySignups: 0.5,
    })
    expect(fewer.line).toContain('less than 0.909 × beyond chance')
    expect(fewer.estimate).toBeCloseTo(0.5, 9)
    const [low, high] = fewer.interval!
    expect(low).toBeLessThan(0.5)
    expect(high).toBeLessThan(1)
  })

  it('carries in JSON what the line says', () => {
    const explanation = explain(maxErrorRate({ ratio: 0.5 }), 2, { canaryErrors: 14 })
    expect(explanation).toMatchObject({
      outcome: 'inconclusive',
      proven: null,
      intervalConfidence: 0.95,
      counts: { canary: { requests: 40, errors: 28 } },
    })
    expect(explanation.secondsToDecision).toBeGreaterThan(0)
    expect(explanation.line).toContain('decides in about')
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
  })
})
