import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../index.ts'
import { createVerdict } from '../testing.ts'

const pass = createVerdict('pass', { guard: 'errors' })
const fail = createVerdict('fail', { guard: 'latency', because: 'p95 2.3 x stable' })
const unsure = createVerdict('inconclusive')

describe('decide', () => {
  it('advances only where every guard that is not a warning passes', () => {
    expect(decide([pass, pass]).decision).toBe('advance')
    expect(decide([pass, { ...fail, consequence: 'warn' }]).decision).toBe('advance')
    expect(decide([pass, { ...unsure, consequence: 'warn' }]).decision).toBe('advance')
    expect(decide([pass, unsure]).decision).toBe('hold')
  })

  it('rolls back for the guard that asks for it, and says which and why', () => {
    expect(decide([pass, unsure, { ...fail, guard: 'other', consequence: 'hold' }, fail])).toEqual({
      decision: 'rollback',
      because: 'latency: p95 2.3 x stable',
      guard: 'latency',
    })
  })

  it('holds for a failing guard that asks for no more', () => {
    expect(decide([{ ...fail, consequence: 'hold' }])).toMatchObject({
      decision: 'hold',
      cause: 'failing',
      guard: 'latency',
    })
  })

  it('holds where nobody vouches: no look, no guards, only warnings', () => {
    for (const verdicts of [undefined, [], [{ ...pass, consequence: 'warn' as const }]]) {
      expect(decide(verdicts)).toMatchObject({ decision: 'hold', cause: 'waiting' })
    }
  })

  it('never fails open on a verdict it does not know', () => {
    const unknown = { ...pass, outcome: 'splendid' as never }
    expect(decide([pass, unknown]).decision).toBe('hold')
    expect(decide([{ ...fail, consequence: 'explode' as never }]).decision).toBe('hold')
  })

  it('advances on no set of verdicts with a doubt in it', () => {
    const verdict = fc
      .record({
        outcome: fc.constantFrom('pass' as const, 'fail' as const, 'inconclusive' as const),
        consequence: fc.constantFrom('rollback' as const, 'hold' as const, 'warn' as const),
      })
      .map((fields) => createVerdict(fields.outcome, fields))
    fc.assert(
      fc.property(fc.array(verdict, { maxLength: 6 }), (verdicts) => {
        const deciding = verdicts.filter(({ consequence }) => consequence !== 'warn')
        const isHealthy = deciding.length > 0 && deciding.every((v) => v.outcome === 'pass')
        const mustGoBack = deciding.some(
          (v) => v.outcome === 'fail' && v.consequence === 'rollback',
        )
        const expected = mustGoBack ? 'rollback' : isHealthy ? 'advance' : 'hold'
        expect(decide(verdicts).decision).toBe(expected)
      }),
    )
  })

  it('takes nobody’s silence for a pass, be it composed', () => {
    const silent = createVerdict('pass', { kind: 'declaration' })
    const composed = createVerdict('pass', { kind: 'all', parts: [silent, silent] })
    expect(decide([silent, composed])).toMatchObject({ decision: 'hold', cause: 'waiting' })
    const vouching = createVerdict('pass', { kind: 'all', parts: [silent, createVerdict('pass')] })
    expect(decide([silent, vouching])).toMatchObject({ decision: 'advance' })
  })
})
