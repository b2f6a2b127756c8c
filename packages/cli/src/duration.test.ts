import { describe, expect, it } from 'vitest'
import { parseDuration } from './duration.ts'

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['10min', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
  ])('reads %s', (typed, ms) => {
    expect(parseDuration(typed, '--monitor')).toBe(ms)
  })

  it.each(['', '10', 'soon', '0s', '1h soon', '5 parsecs', '-1h'])('refuses "%s"', (typed) => {
    expect(() => parseDuration(typed, '--monitor')).toThrow(`--monitor ${typed} is no time span.`)
  })
})
