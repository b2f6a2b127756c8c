import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ArmCounts,
  createArmCounts,
  createFleetCounts,
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
