import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmCounts,
  createArmCounts,
  createTicker,
  type DropReason,
  type HealthCounts,
  LATENCY_BUCKETS,
} from './index.ts'

function arm(requests: number, errors = 0): ArmCounts {
  const counts = { ...createArmCounts(), requests, errors }
  counts.latency[50] = requests
  return counts
}

function read(stable: number, canary: number, canaryErrors = 0): HealthCounts {
  return { stable: arm(stable), canary: arm(canary, canaryErrors) }
}

function createRecordedTicker() {
  const reasons: DropReason[] = []
  const ticker = createTicker({ onDrop: (reason) => reasons.push(reason) })
  return { ticker, reasons }
}

describe('createTicker', () => {
  it('takes the first read as the ground and counts from there', () => {
    const ticker = createTicker()
    expect(ticker.next(read(1000, 50), 0)).toMatchObject({
      stable: { requests: 0 },
      canary: { requests: 0 },
    })
    const tick = ticker.next(read(1190, 60, 2), 1000)
    expect(tick).toMatchObject({
      at: 1000,
      stable: { requests: 190, errors: 0 },
      canary: { requests: 10, errors: 2 },
    })
    expect(tick.canary.latency[50]).toBe(10)
  })

  it.each([
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['negative', -1],
    ['inexact', 1e300],
    ['missing', null as never],
    ['written', '150' as never],
  ])('drops a read with a %s counter and makes good for it at the next', (_, bad) => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(read(100, 10), 0)
    expect(ticker.next(read(bad, 20), 1000).canary.requests).toBe(0)
    expect(reasons).toEqual(['invalid_counts'])
    expect(ticker.dropped).toBe(1)
    expect(ticker.next(read(300, 30), 2000)).toMatchObject({
      stable: { requests: 200 },
      canary: { requests: 20 },
    })
  })

  it('drops reads without an arm, without buckets, or with more errors than requests', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(read(0, 0), 0)
    ticker.next({ stable: arm(1) } as HealthCounts, 1000)
    ticker.next({ stable: arm(1), canary: { ...arm(1), latency: new Uint32Array(3) } }, 2000)
    ticker.next(read(1, 1, 2), 3000)
    expect(reasons).toEqual(['invalid_counts', 'invalid_counts', 'invalid_counts'])
  })

  it('never counts twice when a counter falls and comes back', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(read(1000, 100), 0)
    expect(ticker.next(read(5, 1), 1000).stable.requests).toBe(0)
    expect(ticker.next(read(1010, 102), 2000)).toMatchObject({
      stable: { requests: 10 },
      canary: { requests: 2 },
    })
    expect(reasons).toEqual(['backwards_counts'])
  })

  it('drops more new errors than new requests, which no service can have', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(read(1000, 100, 10), 0)
    expect(ticker.next(read(1010, 101, 12), 1000).canary.errors).toBe(0)
    expect(reasons).toEqual(['backwards_counts'])
    expect(ticker.next(read(1020, 110, 12), 2000).canary).toMatchObject({ requests: 10, errors: 2 })
  })

  it('counts a restarted source from zero when it says that it began later', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next({ ...read(1000, 100), startedAt: 1 }, 0)
    expect(ticker.next({ ...read(5, 1), startedAt: 2 }, 1000)).toMatchObject({
      stable: { requests: 5 },
      canary: { requests: 1 },
    })
    expect(ticker.next({ ...read(1100, 110), startedAt: 1 }, 2000).stable.requests).toBe(0)
    expect(reasons).toEqual(['backwards_counts'])
  })

  it('drops what a gap of more than a minute would lump together', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(read(0, 0), 0)
    expect(ticker.next(read(600, 60), 61_000).stable.requests).toBe(0)
    expect(ticker.next(read(610, 61), 62_000).stable.requests).toBe(10)
    expect(reasons).toEqual(['gap'])
  })

  it('goes on when the clock steps back', () => {
    const ticker = createTicker()
    ticker.next(read(0, 0), 10_000)
    expect(ticker.next(read(10, 1), 5000)).toMatchObject({ at: 10_001, stable: { requests: 10 } })
  })

  it('never hands out more than the source counted, whatever is read', () => {
    const counter = fc.oneof(fc.nat(1000), fc.constantFrom(Number.NaN, -1, Infinity))
    fc.assert(
      fc.property(fc.array(fc.tuple(counter, counter), { minLength: 1 }), (reads) => {
        const ticker = createTicker()
        let handedOut = 0
        reads.forEach(([stable, canary], second) => {
          // A source without latencies: only the requests can tell that it fell.
          const counts = read(stable, canary)
          counts.stable.latency.fill(0)
          counts.canary.latency.fill(0)
          const { requests } = ticker.next(counts, second * 1000).stable
          expect(requests).toBeGreaterThanOrEqual(0)
          handedOut += requests
        })
        const sound = reads.map(([stable]) => stable).filter((value) => value >= 0 && value < 1e9)
        expect(handedOut).toBeLessThanOrEqual(Math.max(0, ...sound))
      }),
    )
  })
})

describe('what a source may know beside requests', () => {
  const known = (errors: number, failedUnits: number, units: number, signups = 0): ArmCounts => {
    const values = new Float64Array(LATENCY_BUCKETS)
    values[7] = signups
    return {
      ...{ ...arm(1_000 + errors, errors), failedUnits, units },
      series: { signup: { count: signups }, purchase: { count: signups, values } },
    }
  }
  const both = (one: ArmCounts): HealthCounts => ({ stable: one, canary: one })

  it('is in the tick as a difference', () => {
    const ticker = createTicker()
    ticker.next({ ...both(known(10, 5, 100, 3)), processes: 2 }, 0)
    const tick = ticker.next({ ...both(known(30, 9, 150, 8)), processes: 3 }, 1_000)
    expect(tick.processes).toBe(3)
    expect(tick.canary).toMatchObject({ errors: 20, failedUnits: 4, units: 50 })
    expect(tick.canary.series?.signup).toEqual({ count: 5 })
    expect(tick.canary.series?.purchase?.count).toBe(5)
    expect(tick.canary.series?.purchase?.values?.[7]).toBe(5)
  })

  it('is not in it where the source does not know', () => {
    const ticker = createTicker()
    ticker.next(read(0, 0), 0)
    const tick = ticker.next(read(10, 10), 1_000)
    for (const name of ['failedUnits', 'units', 'series']) {
      expect(tick.stable).not.toHaveProperty(name)
    }
    expect(tick).not.toHaveProperty('processes')
    expect(tick).not.toHaveProperty('declared')
  })

  it('begins from what it means not to have known: each error a unit, no unit seen, no event', () => {
    const ticker = createTicker()
    ticker.next(both(arm(1_010, 10)), 0)
    const tick = ticker.next(both(known(30, 14, 20, 8)), 1_000)
    expect(tick.canary).toMatchObject({ errors: 20, failedUnits: 4, units: 20 })
    expect(tick.canary.series?.signup).toEqual({ count: 8 })
  })

  it('knows no failed units where they do not add up with the errors before', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(both(arm(1_010, 10)), 0)
    const tick = ticker.next(both(known(30, 2, 20)), 1_000)
    expect(tick.canary).toMatchObject({ errors: 20 })
    expect(tick.canary.failedUnits).toBeUndefined()
    expect(reasons).toEqual([])
    expect(ticker.next(both(known(40, 4, 20)), 2_000).canary.failedUnits).toBe(2)
  })

  const sound = known(30, 9, 150, 8)
  it.each<[string, Partial<ArmCounts>]>([
    ['failed units fell', { failedUnits: 8 }],
    ['failed units are not told any more', { failedUnits: undefined as never }],
    ['more units failed than errors came', { failedUnits: 12 }],
    ['units fell', { units: 149 }],
    ['units are not told any more', { units: undefined as never }],
    ['a series fell', { series: { ...sound.series, signup: { count: 7 } } }],
    ['a series went', { series: { purchase: sound.series!.purchase! } }],
    ['its values went', { series: { ...sound.series, purchase: { count: 8 } } }],
    ['series are not told any more', { series: undefined as never }],
  ])('drops a read in which %s, and counts nothing twice', (_, fault) => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(both(known(0, 0, 0)), 0)
    ticker.next(both(sound), 1_000)
    const later = { ...known(31, 9, 151, 8), ...fault }
    expect(ticker.next(both(later), 2_000).canary).toMatchObject({ requests: 0 })
    expect(reasons).toEqual(['backwards_counts'])
    const { canary } = ticker.next(both(known(32, 10, 152, 9)), 3_000)
    expect(canary).toMatchObject({ errors: 2, failedUnits: 1, units: 2 })
    expect(canary.series?.signup).toEqual({ count: 1 })
  })

  it.each<[string, Partial<ArmCounts>]>([
    ['more failed units than errors', { failedUnits: 31 }],
    ['failed units that are no number', { failedUnits: Number.NaN }],
    ['units below zero', { units: -1 }],
    ['infinite units', { units: Number.POSITIVE_INFINITY }],
    ['series that are none', { series: 5 as never }],
    ['a series that counts nothing', { series: { signup: {} as never } }],
    ['a series without an entry', { series: { signup: undefined as never } }],
    [
      'values in too few buckets',
      { series: { signup: { count: 8, values: new Float64Array(3) } } },
    ],
    [
      'more values than events',
      { series: { signup: { count: 2, values: new Float64Array(LATENCY_BUCKETS).fill(1) } } },
    ],
  ])('drops a read with %s', (_, fault) => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next(both(known(0, 0, 0)), 0)
    expect(ticker.next(both({ ...sound, ...fault }), 1_000).canary.requests).toBe(0)
    expect(reasons).toEqual(['invalid_counts'])
  })

  it.each([0, -1, Number.NaN])('drops a read of %s processes', (processes) => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next({ ...both(sound), processes }, 0)
    expect(reasons).toEqual(['invalid_counts'])
  })

  it('takes all of a source that began anew', () => {
    const ticker = createTicker()
    ticker.next({ ...both(known(30, 9, 150, 8)), startedAt: 1 }, 0)
    const { canary } = ticker.next({ ...both(known(3, 2, 5, 1)), startedAt: 2 }, 1_000)
    expect(canary).toMatchObject({ errors: 3, failedUnits: 2, units: 5 })
    expect(canary.series?.signup).toEqual({ count: 1 })
  })

  it('hands on what was declared at once, though the numbers beside it are dropped', () => {
    const { ticker, reasons } = createRecordedTicker()
    const declared = { condition: 'data_corruption', because: 'totals differ', at: 1 } as const
    expect(ticker.next({ ...read(10, 1), declared }, 0).declared).toEqual(declared)
    expect(ticker.next({ ...read(Number.NaN, 1), declared }, 1_000).declared).toEqual(declared)
    expect(ticker.next({ ...read(5, 1), declared }, 2_000).declared).toEqual(declared)
    expect(ticker.next({ ...read(20, 1), declared }, 90_000).declared).toEqual(declared)
    expect(reasons).toEqual(['invalid_counts', 'backwards_counts', 'gap'])
  })

  it('drops a read with a declaration that is none', () => {
    const { ticker, reasons } = createRecordedTicker()
    const declared = { condition: 'bad_mood', because: 'why' } as never
    expect(ticker.next({ ...read(10, 1), declared }, 0)).not.toHaveProperty('declared')
    expect(reasons).toEqual(['invalid_counts'])
  })
})

describe('when a source began', () => {
  it('said late, or no more, makes nothing count twice', () => {
    const { ticker } = createRecordedTicker()
    ticker.next(read(1000, 100), 100_000)
    expect(ticker.next({ ...read(1010, 101), startedAt: 90_000 }, 101_000)).toMatchObject({
      stable: { requests: 0 },
    })
    expect(ticker.next({ ...read(1030, 103), startedAt: 90_000 }, 102_000)).toMatchObject({
      stable: { requests: 20 },
    })
    expect(ticker.next(read(1060, 106), 103_000).stable.requests).toBe(30)
    expect(ticker.next({ ...read(7, 1), startedAt: Number.NaN }, 104_000).stable.requests).toBe(0)
    expect(ticker.dropped).toBe(1)
  })

  it('long before the last read, is another source: nobody knows how its counts came about', () => {
    const { ticker, reasons } = createRecordedTicker()
    ticker.next({ ...read(1000, 100), startedAt: 10_000 }, 1_000_000)
    const other = { startedAt: 20_000 }
    expect(ticker.next({ ...read(90_000, 900), ...other }, 1_001_000).stable.requests).toBe(0)
    expect(reasons).toEqual(['gap'])
    expect(ticker.next({ ...read(90_010, 901), ...other }, 1_002_000).stable.requests).toBe(10)
  })

  it('is no matter where a declaration is past all reading', () => {
    const declared: Record<string, unknown> = { condition: 5n }
    declared.because = declared
    const { ticker, reasons } = createRecordedTicker()
    ticker.next({ ...read(1, 1), declared: declared as never }, 1000)
    expect(reasons).toEqual(['invalid_counts'])
  })
})
