import { describe, expect, it } from 'vitest'
import { createGaugeMonitor, gauge } from './index.ts'
import { start, toTick } from './ticks.fixture.ts'

type Monitor = ReturnType<typeof createGaugeMonitor>

/** One value every ten seconds. */
function feed(monitor: Monitor, values: readonly number[], fromSeconds = 0): void {
  values.forEach((value, index) => {
    monitor.observe(toTick(fromSeconds + index * 10, 'cpu', { value }))
  })
}

describe('gauge', () => {
  const guard = gauge({ metric: 'cpu', above: 0.8 })
  const times = (count: number, value: number) => Array.from({ length: count }, () => value)

  it('waits without a reading, and passes under its threshold', () => {
    const monitor = createGaugeMonitor(guard)
    expect(monitor.judge()).toMatchObject({
      guard: 'cpu',
      kind: 'gauge',
      outcome: 'inconclusive',
      because: 'cpu is unknown: there is no reading yet',
      estimate: undefined,
      evidence: 0,
    })
    feed(monitor, [0.3])
    expect(monitor.judge()).toMatchObject({
      outcome: 'pass',
      basis: 'estimate',
      because: 'cpu 30 % is not over 80 %',
      next: 'cpu over 80 % for 120 s',
      estimate: 0.3,
      evidence: 0,
      dataAt: start,
    })
  })

  it('waits while it is beyond the threshold, and fails after two minutes of it', () => {
    const monitor = createGaugeMonitor(guard)
    feed(monitor, [...times(9, 0.83)])
    expect(monitor.judge()).toMatchObject({
      outcome: 'inconclusive',
      because: 'cpu 83 % is over 80 % for 80 s of 120 s',
      evidence: 80 / 120,
      secondsToDecision: 40,
    })
    feed(monitor, times(3, 0.83), 90)
    expect(monitor.judge().outcome).toBe('inconclusive')
    feed(monitor, [0.83], 120)
    expect(monitor.judge()).toMatchObject({
      outcome: 'fail',
      consequence: 'hold',
      because: 'cpu 83 % is over 80 % for 120 s',
      evidence: 1,
      decidedAt: start + 120_000,
    })
  })

  it('does not fail when one reading breaks the time', () => {
    const monitor = createGaugeMonitor(guard)
    feed(monitor, [...times(12, 0.9), 0.8, ...times(12, 0.9)])
    expect(monitor.judge().outcome).toBe('inconclusive')
    feed(monitor, [0.9], 250)
    expect(monitor.judge().outcome).toBe('fail')
  })

  it('passes again only where it is clear', () => {
    const monitor = createGaugeMonitor(guard)
    feed(monitor, [...times(13, 0.9), 0.75])
    expect(monitor.judge()).toMatchObject({
      outcome: 'fail',
      because: 'cpu 75 % was over 80 % for 130 s and is not back at 70 % or less',
    })
    feed(monitor, [0.7], 140)
    expect(monitor.judge().outcome).toBe('pass')
    // Cleared, it is to be held anew.
    feed(monitor, [0.9], 150)
    expect(monitor.judge()).toMatchObject({ outcome: 'inconclusive', evidence: 0 })
  })

  it('looks the other way where less is worse', () => {
    const disk = createGaugeMonitor(
      gauge({ name: 'cpu', metric: 'disk', below: 0.2, forMs: 10_000 }),
    )
    feed(disk, [0.2])
    expect(disk.judge()).toMatchObject({
      outcome: 'pass',
      because: 'free disk space 20 % is not under 20 %',
    })
    feed(disk, [0.1, 0.1], 10)
    expect(disk.judge().outcome).toBe('fail')
    feed(disk, [0.21], 30)
    expect(disk.judge().outcome).toBe('fail')
    feed(disk, [0.23], 40)
    expect(disk.judge().outcome).toBe('pass')
  })

  it('fails at once where no time is asked for', () => {
    const monitor = createGaugeMonitor(gauge({ metric: 'cpu', above: 0.8, forMs: 0 }))
    feed(monitor, [0.81])
    expect(monitor.judge()).toMatchObject({ outcome: 'fail', evidence: 1 })
  })

  it('counts no time in which nobody looked', () => {
    const monitor = createGaugeMonitor(guard)
    monitor.observe(toTick(0, 'cpu', { value: 0.9 }))
    monitor.observe(toTick(30, 'cpu', { value: 0.9 }))
    expect(monitor.judge().evidence).toBe(30 / 120)
    monitor.observe(toTick(61, 'cpu', { value: 0.9 }))
    expect(monitor.judge()).toMatchObject({ outcome: 'inconclusive', evidence: 0 })
  })

  it('counts no reading twice, however many ticks hand it over', () => {
    const monitor = createGaugeMonitor(gauge({ metric: 'cpu', above: 0.8, forMs: 20_000 }))
    for (let second = 0; second <= 25; second++) {
      monitor.observe(toTick(second, 'cpu', { value: 0.9 }, second * 1000))
    }
    expect(monitor.judge()).toMatchObject({ outcome: 'inconclusive', evidence: 0 })
  })

  it.each([
    ['unknown', { unknown: 'no /proc here' }, 0, 'cpu is unknown: no /proc here'],
    ['NaN', { value: Number.NaN }, 0, 'cpu is unknown: the reading is NaN, not a number'],
    ['infinite', { value: Infinity }, 0, 'cpu is unknown: the reading is Infinity, not a number'],
    [
      'of another kind',
      { ok: true, because: '' },
      0,
      'cpu is unknown: the reading is undefined, not a number',
    ],
    ['old', { value: 0.1 }, 31_000, 'cpu is unknown: its last reading is 31 s old'],
    [
      'of the future',
      { value: 0.1 },
      -3_600_000,
      'cpu is unknown: its last reading is 3600 s ahead of the clock',
    ],
  ])('waits when its reading is %s', (_, found, ageMs, because) => {
    const monitor = createGaugeMonitor(guard)
    feed(monitor, [0.1])
    monitor.observe(toTick(60, 'cpu', found, ageMs))
    expect(monitor.judge()).toMatchObject({ outcome: 'inconclusive', because, dataAt: start })
  })

  it('waits when readings stop', () => {
    const monitor = createGaugeMonitor(guard)
    feed(monitor, [0.1])
    monitor.observe(toTick(30, 'cpu'))
    expect(monitor.judge().outcome).toBe('pass')
    monitor.observe(toTick(31, 'cpu'))
    expect(monitor.judge().outcome).toBe('inconclusive')
  })

  it('is not misled by a name that every object knows', () => {
    const monitor = createGaugeMonitor(gauge({ name: 'toString', read: () => 1, above: 1 }))
    monitor.observe(toTick(0, 'cpu', { value: 1 }))
    expect(monitor.judge().because).toBe('toString is unknown: there is no reading yet')
  })

  it('says bytes, milliseconds and bare numbers as people do', () => {
    const because = (options: Parameters<typeof gauge>[0], value: number) => {
      const monitor = createGaugeMonitor(gauge({ ...options, name: 'cpu' }))
      feed(monitor, [value])
      return monitor.judge().because
    }
    expect(because({ metric: 'disk_write', above: 50e6 }, 1_230_000)).toBe(
      'disk written 1.2 MB/s is not over 50.0 MB/s',
    )
    expect(because({ metric: 'network_in', above: 5e4 }, 300)).toBe(
      'network in 300 B/s is not over 50,000 B/s',
    )
    expect(because({ metric: 'event_loop_delay', above: 100 }, 12.34)).toBe(
      'event-loop delay 12.3 ms is not over 100 ms',
    )
    expect(because({ metric: 'custom', above: 1000 }, 12.5)).toBe('cpu 12.5 is not over 1,000')
  })
})
