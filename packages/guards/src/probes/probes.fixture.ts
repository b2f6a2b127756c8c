import { afterEach, expect } from 'vitest'
import { createProbes, type Probes, type ProbesOptions } from './index.ts'

/** Probes at a clock of their own, one test at a time. */
export const bench = {
  clock: createClock(),
  probes: undefined as unknown as Probes,
  /** Starts probes anew. */
  open(guards: Parameters<typeof createProbes>[0], options: Partial<ProbesOptions> = {}) {
    bench.clock = createClock()
    bench.probes = createProbes(guards, { clock: bench.clock, ...options })
  },
  /** The newest readings. */
  read: () => bench.probes.read(bench.clock.now()),
  /** Ticks once a second, and answers the newest readings. */
  async tick(seconds = 1) {
    for (let second = 0; second < seconds; second++) {
      bench.read()
      await bench.clock.advance(1000)
    }
    return bench.read()
  },
}

/** Closes the probes after each test, which must leave no timer. */
export function closeAfterEach(): void {
  afterEach(() => {
    bench.probes.close()
    expect(bench.clock.pending()).toBe(0)
  })
}

/** Time that stands still until it is moved; timers run in order of their time. */
function createClock(startAt = 1_000_000) {
  let now = startAt
  const timers = new Set<{ at: number; wake: () => void }>()
  const settle = () => new Promise<void>((resolve) => void setImmediate(resolve))
  return {
    now: () => now,
    after(delayMs: number, wake: () => void) {
      const timer = { at: now + delayMs, wake }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    pending: () => timers.size,
    stepBack(durationMs: number) {
      now -= durationMs
    },
    async advance(durationMs: number) {
      const until = now + durationMs
      await settle()
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.wake()
        await settle()
      }
      now = until
    },
  }
}
