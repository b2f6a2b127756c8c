import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmCounts,
  createArmCounts,
  createFleetCounts,
  createTicker,
  type DropReason,
  type HealthCounts,
  type ProcessReport,
} from './index.ts'

function arm(requests: number, errors = 0): ArmCounts {
  const counts = { ...createArmCounts(), requests, errors }
  counts.latency[50] = requests
  return counts
}

function counts(stable: number, canary = 0, canaryErrors = 0): HealthCounts {
  return { stable: arm(stable), canary: arm(canary, canaryErrors) }
}

/** The n-th report of a life that began counting when the test began, one a second. */
function report(incarnation: string, sequence: number, totals: HealthCounts): ProcessReport {
  const processId = incarnation.split('#')[0] as string
  return { processId, incarnation, sequence, countedMs: sequence * 1_000, counts: totals }
}

/** A sum that is told the time in seconds. */
function createFleet() {
  const fleet = createFleetCounts()
  return {
    take: (second: number, ...reports: ProcessReport[]) => fleet.take(reports, second * 1_000),
    stable: () => fleet.read().stable.requests,
    read: fleet.read,
    statuses: (second: number) =>
      fleet
        .processes(second * 1_000)
        .map(({ processId, status, stable }) => `${processId} ${status} ${stable.requests}`),
    processes: fleet.processes,
  }
}

describe('the sum of a fleet', () => {
  it('adds up what all processes counted, arm by arm and bucket by bucket', () => {
    const { take, read } = createFleet()
    take(1, report('a#1', 1, counts(10, 1, 1)), report('b#1', 1, counts(20, 2)))
    take(2, report('a#1', 2, counts(30, 3, 1)), report('b#1', 2, counts(50, 4, 2)))
    const sum = read()
    expect(sum).toMatchObject({
      stable: { requests: 80, errors: 0 },
      canary: { requests: 7, errors: 3 },
    })
    expect([sum.stable.latency[50], sum.canary.latency[50]]).toEqual([80, 7])
  })

  it('keeps what a process counted before it began again', () => {
    const { take, stable } = createFleet()
    take(1, report('a#1', 5, counts(1_000)))
    take(2, report('a#2', 1, counts(3)))
    expect(stable()).toBe(1_003)
    take(3, report('a#2', 2, counts(7)))
    expect(stable()).toBe(1_007)
  })

  it('counts a report once, however often and in whatever order it is seen', () => {
    const { take, stable } = createFleet()
    const [first, second, third] = [100, 200, 300].map((n, index) =>
      report('a#1', index + 1, counts(n)),
    ) as [ProcessReport, ProcessReport, ProcessReport]
    take(1, first, first)
    take(2, third)
    take(3, second)
    take(4, first)
    take(5, third)
    expect(stable()).toBe(300)
  })

  it('does not count again the old life that is seen once more after the new one', () => {
    const { take, stable } = createFleet()
    take(1, report('a#1', 5, counts(1_000)))
    take(2, report('a#2', 1, counts(3)))
    take(3, report('a#1', 5, counts(1_000)))
    take(4, report('a#2', 2, counts(6)))
    expect(stable()).toBe(1_006)
  })

  it('keeps what a vanished process contributed, and says that it is gone', () => {
    const { take, stable, statuses } = createFleet()
    take(1, report('a#1', 1, counts(10)), report('b#1', 1, counts(20)))
    expect(statuses(1)).toEqual(['a live 10', 'b live 20'])
    take(7, report('a#1', 7, counts(70)), report('b#1', 1, counts(20)))
    expect(statuses(7)).toEqual(['a live 70', 'b stale 20'])
    take(20, report('a#1', 20, counts(200)))
    expect(statuses(20)).toEqual(['a live 200', 'b gone 20'])
    expect(stable()).toBe(220)
  })

  it('takes an old process from where it stands, and counts it from there', () => {
    const { take, stable } = createFleet()
    take(5_000, report('a#1', 5_000, counts(1_000_000)))
    expect(stable()).toBe(0)
    take(5_001, report('a#1', 5_001, counts(1_000_200)))
    expect(stable()).toBe(200)
  })

  it('never lumps more than a minute of a process that was out of sight into one look', () => {
    const { take, stable } = createFleet()
    take(1, report('a#1', 1, counts(100)))
    take(50, report('a#1', 50, counts(5_000)))
    expect(stable()).toBe(5_000)
    take(111, report('a#1', 111, counts(11_100)))
    expect(stable()).toBe(5_000)
    take(112, report('a#1', 112, counts(11_200)))
    expect(stable()).toBe(5_100)
  })

  it('goes by the process itself where its reports were long on their way', () => {
    const { take, stable } = createFleet()
    take(1, report('a#1', 1, counts(100)))
    // A client that kept them while it was cut off, and then sends them all.
    take(2, report('a#1', 200, counts(20_000)))
    expect(stable()).toBe(100)
  })

  it.each([
    ['falls within a life', counts(50)],
    ['has more new errors than new requests', counts(101, 1, 5)],
    ['leaps', counts(5_000_000)],
    ['is huge', counts(9e15)],
    ['is no number', counts(Number.NaN)],
    ['is negative', counts(-1)],
    ['is endless', counts(Number.POSITIVE_INFINITY)],
    ['has more errors than requests', counts(200, 1, 2)],
    ['lacks an arm', { stable: arm(200) } as HealthCounts],
    [
      'has a leaping bucket',
      { ...counts(200), canary: { ...arm(5), latency: arm(1_000_000).latency } },
    ],
  ])('refuses a report that %s, and makes good for it at the next', (_, bad) => {
    const { take, stable } = createFleet()
    const good = report('b#1', 2, counts(7))
    take(1, report('a#1', 1, counts(100, 1)))
    expect(take(2, report('a#1', 2, bad), good)).toMatchObject([{ processId: 'a' }])
    expect(stable()).toBe(107)
    expect(take(3, report('a#1', 3, counts(300, 3)), good)).toEqual([])
    expect(stable()).toBe(307)
  })

  it('refuses a new process that leaps', () => {
    const { take, stable } = createFleet()
    expect(take(1, report('a#1', 1, counts(9e15)))).toHaveLength(1)
    expect(stable()).toBe(0)
  })

  it('never falls and never counts a request twice, whatever is seen', () => {
    const lives = ['a#1', 'a#2', 'b#1']
    const sighting = fc.record({
      life: fc.constantFrom(...lives),
      sequence: fc.integer({ min: 1, max: 8 }),
      isBroken: fc.boolean(),
    })
    const looks = fc.array(fc.tuple(fc.nat(40), fc.array(sighting, { maxLength: 4 })))
    fc.assert(
      fc.property(looks, (all) => {
        const { take, stable } = createFleet()
        let second = 0
        let before = 0
        for (const [pause, seen] of all) {
          second += pause
          take(
            second,
            ...seen.map(({ life, sequence, isBroken }) =>
              report(life, sequence, counts(isBroken ? Number.NaN : sequence * 10)),
            ),
          )
          expect(stable()).toBeGreaterThanOrEqual(before)
          before = stable()
        }
        expect(before).toBeLessThanOrEqual(lives.length * 80)
      }),
    )
  })

  it('remembers a thousand of the lives that ended, and what all of them counted', () => {
    const { take, stable, processes } = createFleet()
    for (let life = 0; life < 3_000; life++) take(life, report(`a#${life}`, 1, counts(2)))
    expect(stable()).toBe(6_000)
    const known = processes(3_000_000)
    expect(known.length).toBeLessThanOrEqual(1_000 + 61)
    expect(known.some(({ incarnation }) => incarnation === 'a#2999')).toBe(true)
  })
})

describe('what only some processes know', () => {
  /** A process of which one request in two fails, and each unit twice. */
  function knowing(errors: number, signups = 0): HealthCounts {
    const one = { ...arm(errors * 2, errors), failedUnits: errors / 2, units: errors }
    return { stable: one, canary: { ...one, series: { signup: { count: signups } } } }
  }

  it('is summed, and an error of one that knows no units is a unit of its own', () => {
    const { take, read } = createFleet()
    take(1, report('a#1', 1, knowing(10, 2)), report('b#1', 1, counts(20, 5, 3)))
    expect(read().canary).toMatchObject({ errors: 13, failedUnits: 5 + 3, units: 10 })
    expect(read().stable).toMatchObject({ errors: 10, failedUnits: 5, units: 10 })
    expect(read().canary.series).toEqual({ signup: { count: 2 } })
    take(2, report('a#1', 2, knowing(14, 5)), report('b#1', 2, counts(20, 6, 4)))
    expect(read().canary).toMatchObject({ errors: 18, failedUnits: 7 + 4, units: 14 })
    expect(read().canary.series).toEqual({ signup: { count: 5 } })
  })

  it('is unknown where no process knows it', () => {
    const { take, read } = createFleet()
    take(1, report('a#1', 1, counts(10, 1)))
    expect(Object.keys(read())).toEqual(['stable', 'canary', 'processes'])
    expect(Object.keys(read().canary)).toEqual(['requests', 'errors', 'latency'])
  })

  it('leaves a sum that a ticker takes, never twice, whatever is seen', () => {
    const lives: Record<string, (sequence: number) => HealthCounts> = {
      // Knows from the first, from its third report on, and never.
      'a#1': (sequence) => knowing(sequence * 2, sequence),
      'a#2': (sequence) =>
        sequence < 3 ? counts(sequence * 9, sequence * 4, sequence * 2) : knowing(sequence * 4),
      'b#1': (sequence) => counts(sequence * 10, sequence * 5, sequence),
    }
    const sighting = fc.tuple(
      fc.constantFrom(...Object.keys(lives)),
      fc.integer({ min: 1, max: 8 }),
    )
    const looks = fc.array(fc.tuple(fc.nat(40), fc.array(sighting, { maxLength: 4 })))
    fc.assert(
      fc.property(looks, (all) => {
        const { take, read } = createFleet()
        const reasons: DropReason[] = []
        const ticker = createTicker({ onDrop: (reason) => reasons.push(reason) })
        ticker.next(read(), 0)
        let second = 0
        const taken = { errors: 0, failed: 0, units: 0, signups: 0 }
        for (const [pause, seen] of all) {
          second += 1 + pause
          take(second, ...seen.map(([life, n]) => report(life, n, lives[life]!(n))))
          const { canary } = ticker.next(read(), second * 1_000)
          taken.errors += canary.errors
          taken.failed += canary.failedUnits ?? canary.errors
          taken.units += canary.units ?? 0
          taken.signups += canary.series?.signup?.count ?? 0
        }
        expect(reasons).toEqual([])
        const { canary } = read()
        expect(taken).toEqual({
          errors: canary.errors,
          failed: canary.failedUnits ?? canary.errors,
          units: canary.units ?? 0,
          signups: canary.series?.signup?.count ?? 0,
        })
        expect(canary.errors).toBeLessThanOrEqual(8 * (2 + 4 + 1))
        expect(canary.units ?? 0).toBeLessThanOrEqual(8 * (2 + 4))
        expect(canary.failedUnits ?? 0).toBeLessThanOrEqual(canary.errors)
      }),
    )
  })

  it.each<[string, Partial<ArmCounts>]>([
    ['failed units fall', { failedUnits: 4 }],
    ['units leap', { units: 5_000_000 }],
    ['a series leaps', { series: { signup: { count: 5_000_000 } } }],
    ['a series falls', { series: { signup: { count: 1 } } }],
  ])('refuses a report in which %s', (_, fault) => {
    const { take, read } = createFleet()
    take(1, report('a#1', 1, knowing(10, 2)))
    const { stable, canary } = knowing(20, 4)
    const bad = { stable, canary: { ...canary, ...fault } }
    expect(take(2, report('a#1', 2, bad))).toHaveLength(1)
    take(3, report('a#1', 3, knowing(30, 6)))
    expect(read().canary).toMatchObject({ errors: 30, failedUnits: 15, units: 30 })
  })

  it('keeps at most 64 series of all, and none of those falls', () => {
    const { take, read } = createFleet()
    for (let life = 0; life < 10; life++) {
      for (const sequence of [1, 2]) {
        const names = Array.from({ length: 16 }, (_, n) => [`${life} ${n}`, { count: sequence }])
        const canary = { ...arm(0), series: Object.fromEntries(names) }
        take(life + sequence / 10, report(`a#${life}`, sequence, { stable: arm(0), canary }))
      }
    }
    const series = Object.values(read().canary.series ?? {})
    expect(series).toHaveLength(64)
    expect(series.every(({ count }) => count === 2)).toBe(true)
  })

  it('tells how many processes served in the last minute', () => {
    const { take, read } = createFleet()
    take(1, report('a#1', 1, counts(10)), report('b#1', 1, counts(0)), report('c#1', 1, counts(2)))
    expect(read().processes).toBe(2)
    take(61, report('c#1', 61, counts(5)))
    expect(read().processes).toBe(2)
    take(62, report('c#1', 62, counts(5)))
    expect(read().processes).toBe(1)
    take(200)
    expect(read().processes).toBeUndefined()
  })

  it('keeps the last declaration while its process is to be heard, be its counts sound or not', () => {
    const { take, read } = createFleet()
    const declare = (at: number, because: string, totals = counts(10)): HealthCounts => ({
      ...totals,
      declared: { condition: 'data_corruption', because, at },
    })
    take(1, report('a#1', 1, counts(5)))
    take(2, report('a#1', 2, declare(2, 'first', counts(Number.NaN))))
    expect(read().declared?.because).toBe('first')
    take(3, report('b#1', 3, declare(3, 'second')), report('a#1', 3, declare(2, 'first')))
    expect(read().declared?.because).toBe('second')
    take(60, report('a#1', 60, declare(2, 'first')))
    expect(read().declared?.because).toBe('second')
    take(64, report('a#1', 64, declare(2, 'first')))
    expect(read().declared?.because).toBe('first')
    take(200)
    expect(read()).not.toHaveProperty('declared')
  })
})
