import { describe, expect, it } from 'vitest'
import { rampShare, scheduleWindow } from './schedule.ts'

const window = scheduleWindow({ from: '2026-01-01', fullAt: '2026-01-11', until: '2026-02-01' })
const at = (text: string) => rampShare(window, Date.parse(text))

describe('rampShare', () => {
  it('is outside before, at the end and after', () => {
    expect(at('2025-12-31T23:59:59.999Z')).toBeUndefined()
    expect(at('2026-02-01')).toBeUndefined()
    expect(at('2030-01-01')).toBeUndefined()
  })

  it('grows from nothing to all, and stays', () => {
    expect(at('2026-01-01')).toBe(0)
    expect(at('2026-01-06')).toBe(0.5)
    expect(at('2026-01-11')).toBe(1)
    expect(at('2026-01-31')).toBe(1)
  })

  it('is whole at once without fullAt, and open without ends', () => {
    expect(rampShare(scheduleWindow({ from: 10 }), 10)).toBe(1)
    expect(rampShare(scheduleWindow({ until: 10 }), Number.NEGATIVE_INFINITY)).toBe(1)
    expect(rampShare(scheduleWindow({}), Number.MAX_VALUE)).toBe(1)
  })

  it('may lie before 1970', () => {
    const early = scheduleWindow({ from: '1960-01-01', fullAt: -1000, until: 0 })
    expect(rampShare(early, -1001)).toBeLessThan(1)
    expect([-1000, -1, 0].map((now) => rampShare(early, now))).toEqual([1, 1, undefined])
  })

  it('is outside for a clock that cannot tell', () => {
    expect(rampShare(scheduleWindow({}), Number.NaN)).toBeUndefined()
  })
})
