import { describe, expect, it } from 'vitest'
import { instantOf } from './instant.ts'
import { parseDefinitions } from './parse-definitions.ts'

describe('instantOf', () => {
  it.each([
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2026-01-31T23:30:00-05:00', Date.UTC(2026, 1, 1, 4, 30)],
    ['2026-01-01T00:00+05:30', Date.UTC(2025, 11, 31, 18, 30)],
    ['1969-12-31T23:59:59.999Z', -1],
    [-1, -1],
    [new Date(5), 5],
  ])('reads %s', (value, expected) => {
    expect(instantOf(value)).toBe(expected)
  })

  it.each([
    // V8 would take the first three for days in the month after.
    '2026-02-30',
    '2023-02-29',
    '2026-04-31T10:00:00Z',
    '2026-13-01',
    '2026-01-01T23:59:60Z',
    '2026-01-01T10:00',
    '2026-01-01T10:00:00+99:00',
    'today',
    null,
    {},
  ])('reads nothing from %s', (value) => {
    expect(instantOf(value)).toBeNaN()
  })
})

describe('a schedule', () => {
  it.each([
    ['at a day that no month has', { from: '2026-02-30' }],
    ['beyond all dates, where a ramp could not be computed', { from: -1e308, fullAt: 1e308 }],
  ])('is refused %s', (_name, schedule) => {
    expect(() => parseDefinitions({ flag: { schedule } })).toThrowError(/\/flag\/schedule\/from/)
  })
})
