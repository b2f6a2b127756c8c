import { describe, expect, it } from 'vitest'
import { parseRetryAfter, retryAfterOf } from './retry-after.ts'

const now = Date.UTC(2026, 0, 1)

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:01:30 GMT', 90_000],
    ['Thu Jan  1 00:01:30 2026', 90_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ])('reads %j', (text, expected) => {
    expect(parseRetryAfter(text, now)).toBe(expected)
  })

  it.each([undefined, '', 'soon', '-5', '1.5', '1e3', '5 apples', 'Thu, never', '9'.repeat(20)])(
    'takes %j for nothing',
    (text) => {
      expect(parseRetryAfter(text, now)).toBeUndefined()
    },
  )
})

describe('retryAfterOf', () => {
  it('is capped at five minutes', () => {
    expect(retryAfterOf({ retryAfterMs: 7_000 })).toBe(7_000)
    expect(retryAfterOf({ retryAfterMs: 1e12 })).toBe(300_000)
    expect(retryAfterOf(new Error('without'))).toBe(0)
  })
})
