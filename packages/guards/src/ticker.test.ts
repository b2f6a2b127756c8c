import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmCounts,
  createArmCounts,
  createTicker,
  type DropReason,
  type HealthCounts,
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
