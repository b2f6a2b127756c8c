import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Tick } from '../index.ts'
import { createGaugeMonitor, gauge } from './index.ts'
import { toTick } from './ticks.fixture.ts'

describe('a threshold that is to be held', () => {
  const guard = gauge({ name: 'g', read: () => 0, above: 10, clear: 5, forMs: 60_000 })
  const looks = fc.array(
    fc.record({
      passedMs: fc.integer({ min: 1, max: 45_000 }),
      found: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(3, 5, 7, 10, 11, 12, 13, 14) },
        { weight: 1, arbitrary: fc.constantFrom('unknown' as const, 'none' as const) },
      ),
    }),
    { maxLength: 60 },
  )

  function toTicks(series: { passedMs: number; found: number | string }[]): Tick[] {
    let at = 0
    return series.map(({ passedMs, found }) => {
      at += passedMs
      const what = typeof found === 'number' ? { value: found } : { unknown: 'x' }
      return toTick(at / 1000, 'g', found === 'none' ? undefined : what)
    })
  }

  it('fails if, and only if, it was seen to be held, and has not been clear since', () => {
    fc.assert(
      fc.property(looks, (series) => {
        const monitor = createGaugeMonitor(guard)
        const seen: { at: number; value: number }[] = []
        toTicks(series).forEach((tick, index) => {
          monitor.observe(tick)
          const found = series[index]!.found
          if (typeof found === 'number') seen.push({ at: tick.at, value: found })
          const { outcome } = monitor.judge()
          const last = seen.at(-1)
          const isBlind =
            found === 'unknown' ||
            last === undefined ||
            tick.at - last.at > 30_000 ||
            (found === 'none' && lastFound(series.slice(0, index)) === 'unknown')
          const expected = isBlind
            ? 'inconclusive'
            : wasHeld(seen)
              ? 'fail'
              : last.value > 10
                ? 'inconclusive'
                : 'pass'
          expect(outcome).toBe(expected)
        })
      }),
    )
  })

  it('goes on, in another process, exactly where it was', () => {
    fc.assert(
      fc.property(looks, (series) => {
        const whole = createGaugeMonitor(guard)
        let resumed = createGaugeMonitor(guard)
        for (const tick of toTicks(series)) {
          const saved = JSON.parse(JSON.stringify(resumed.save()))
          resumed = createGaugeMonitor(guard)
          resumed.restore(saved)
          resumed.observe(tick)
          whole.observe(tick)
          expect(resumed.judge()).toEqual(whole.judge())
        }
      }),
    )
  })

  it.each([
    ['nothing', {}],
    ['another phase', { held: { phase: 'lost' } }],
    ['a time that is none', { held: { phase: 'rising', since: 'noon' } }],
    ['a failure without its time', { held: { phase: 'failed', since: 1 } }],
    ['a reading that is none', { held: { phase: 'clear' }, reading: 3 }],
  ])('takes up no saved state with %s', (_, saved) => {
    const monitor = createGaugeMonitor(guard)
    expect(() => monitor.restore(saved)).toThrow(
      expect.objectContaining({ code: 'invalid_checkpoint' }),
    )
  })

  /** By the definition, not by a state: some run of readings over 10, no two over 30 s apart, lasted a minute. */
  function wasHeld(seen: { at: number; value: number }[]): boolean {
    return seen.some((first, from) =>
      seen.some((last, to) => {
        const run = seen.slice(from, to + 1)
        return (
          to >= from &&
          last.at - first.at >= 60_000 &&
          run.every(
            ({ at, value }, k) => value > 10 && (k === 0 || at - run[k - 1]!.at <= 30_000),
          ) &&
          seen.slice(to).every(({ value }) => value > 5)
        )
      }),
    )
  }

  function lastFound(series: { found: number | string }[]): number | string | undefined {
    return series.findLast(({ found }) => found !== 'none')?.found
  }
})
