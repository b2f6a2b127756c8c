import { describe, expect, it } from 'vitest'
import { everyGuard, tickOf } from './guard-sets.fixture.ts'
import { packTick, replay, type Tick, unpackTick } from './index.ts'

const ticks: Tick[] = Array.from({ length: 120 }, (_, second) => ({
  ...tickOf((second + 1) * 1000, { canaryErrors: second > 60 ? 4 : 0, stableErrors: 3 }),
  ...{ calibration: 1.2, processes: 2, readings: { cpu: { at: second, value: 0.3 } } },
}))

describe('packTick and unpackTick', () => {
  it('carry a tick through JSON, for the same decision', () => {
    const lines = ticks.map((tick) => JSON.stringify(packTick(tick)))
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(2_000)
    const kept = lines.map((line) => unpackTick(JSON.parse(line)))
    const [first] = kept
    expect(first).toMatchObject({ canaryShare: 0.05, calibration: 1.2, processes: 2 })
    expect(replay(kept, everyGuard)).toEqual(replay(ticks, everyGuard))
    expect(replay(kept, everyGuard).rollback).toBeDefined()
  })

  it('carry a declaration', () => {
    const declared = { condition: 'data_corruption', because: 'lines are lost', at: 7 } as const
    const tick = unpackTick(JSON.parse(JSON.stringify(packTick({ ...tickOf(7), declared }))))
    expect(tick.declared).toEqual(declared)
  })

  it.each([null, {}, { at: 'now' }, { at: 1, stable: {}, canary: {} }])('refuse %j', (packed) => {
    expect(() => unpackTick(packed)).toThrow(expect.objectContaining({ code: 'invalid_counts' }))
  })
})
