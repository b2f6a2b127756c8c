import { describe, expect, it } from 'vitest'
import {
  defaultEjection,
  type Finding,
  isOpen,
  type OriginHealth,
  onFinding,
  onSent,
  untried,
} from './ejection.ts'

const limits = defaultEjection

function after(findings: readonly Finding[], hasOthers = true, now = 0): OriginHealth {
  return findings.reduce(
    (health, finding) => onFinding(health, finding, limits, now, hasOthers),
    untried,
  )
}

/** Left out, tried again when its time is up, and found dead again, so many times. */
function ejectedTimes(times: number): { health: OriginHealth; pauses: number[] } {
  let health = untried
  let now = 0
  const pauses: number[] = []
  for (let time = 0; time < times; time++) {
    health = onFinding(onSent(health, limits, now), 'connect_error', limits, now, false)
    if (health.phase !== 'out') throw new Error('it is in')
    pauses.push(health.until - now)
    now = health.until
  }
  return { health, pauses }
}

describe('an origin', () => {
  it('is not left out by a clock that stepped back, or tells no time', () => {
    const health = after(['connect_error'], true, 1_000)
    expect(isOpen(health, 1_500)).toBe(false)
    expect(isOpen(health, -1e12)).toBe(true)
    expect(isOpen(health, Number.NaN)).toBe(true)
  })

  it('is left out when it cannot be connected to, for a second', () => {
    const health = after(['connect_error'])
    expect(isOpen(health, 999)).toBe(false)
    expect(isOpen(health, 1_000)).toBe(true)
  })

  it('is left out after five bad answers in a row, not after four and a good one', () => {
    const bad: Finding[] = Array(5).fill('server_error')
    expect(after(bad).phase).toBe('out')
    expect(after(['server_error', ...bad.slice(1, 4), 'ok', ...bad.slice(1)]).phase).toBe('in')
  })

  it('that is the only one of its arm is never left out for its answers', () => {
    expect(after(Array(50).fill('server_error'), false).phase).toBe('in')
  })

  it('is left out twice as long each time, up to five minutes', () => {
    const { pauses } = ejectedTimes(12)
    expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
    expect(pauses.slice(-2)).toEqual([300_000, 300_000])
  })

  it('is tried by one request when its time is up, and by another if that one hangs', () => {
    const { health } = ejectedTimes(1)
    const trial = onSent(health, limits, 1_000)
    expect(trial.phase).toBe('trial')
    expect(isOpen(trial, 1_999)).toBe(false)
    expect(isOpen(trial, 2_000)).toBe(true)
  })

  it('is back after one good answer, and lives its past down in as long as it was out', () => {
    const { health } = ejectedTimes(3)
    const back = onFinding(onSent(health, limits, 7_000), 'ok', limits, 7_000, true)
    expect(back).toMatchObject({ phase: 'in', ejections: 3 })
    expect(onFinding(back, 'ok', limits, 10_999, true)).toMatchObject({ ejections: 3 })
    expect(onFinding(back, 'ok', limits, 11_000, true)).toMatchObject({ ejections: 0 })
    expect(onFinding(back, 'connect_error', limits, 7_001, true)).toMatchObject({ until: 15_001 })
  })

  it('that is out is not left out for longer by what was under way', () => {
    const { health } = ejectedTimes(1)
    expect(onFinding(health, 'connect_error', limits, 500, true)).toBe(health)
  })

  it('that answers well costs nothing: the same state', () => {
    expect(onFinding(untried, 'ok', limits, 5, true)).toBe(untried)
  })
})
