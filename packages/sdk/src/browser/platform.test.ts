import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { pageClock } from './platform.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('waits where a timer of the page would wake at once: beyond 24 days, and for ever', () => {
  const woken: number[] = []
  for (const ms of [1_000, 2 ** 31, Number.POSITIVE_INFINITY]) {
    pageClock.after(ms, () => woken.push(ms))
  }
  const cancel = pageClock.after(1_000, () => woken.push(-1))
  cancel()
  vi.advanceTimersByTime(86_400_000)
  expect(woken).toEqual([1_000])
})
