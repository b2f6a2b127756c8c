import { afterEach, describe, expect, it, vi } from 'vitest'
import { testFlags } from '../testing.ts'

afterEach(() => void vi.useRealTimers())

describe("a runner's fake timers", () => {
  it('leave the clock of test flags, their log and their end alone', async () => {
    vi.useFakeTimers()
    const schedule = { from: '2026-01-01T00:00:10Z' }
    const flags = testFlags({
      sale: { enabled: true, rollout: 0, environments: ['test'], schedule },
    })
    expect(await flags.ready()).toBe(true)
    await flags.setRollout('sale', 100, { actor: 'ada', reason: 'a test' })
    expect(flags.isEnabled('sale')).toBe(false)
    await flags.clock.advance(10_000)
    expect(flags.isEnabled('sale')).toBe(true)
    await flags.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
